import type { TestPostgres } from '../support/postgres.ts';
import { output, say } from './screen.ts';

type Row = Readonly<Record<string, unknown>>;

/** Where statements are sent to: a connection of its own for each. Embedded PostgreSQL has no psql. */
export interface Session {
  /** Shows a statement and the rows it gives. */
  run(statement: string): Promise<Row | undefined>;
  /** Shows a statement and how the server refuses it; rejects where it does not. */
  runRefused(statement: string): Promise<void>;
}

/** @param name of the server, for the prompt */
export function openSession(name: string, server: TestPostgres): Session {
  const type = (statement: string): void => say(`   ${name}=# ${statement};`);
  return {
    async run(statement) {
      type(statement);
      const rows = await server.query<Row>(statement);
      for (const row of rows) output(render(row));
      return rows[0];
    },
    async runRefused(statement) {
      type(statement);
      const refusal = await server.query(statement).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (!(refusal instanceof Error)) throw new Error(`this was expected to fail: ${statement}`);
      output(`ERROR:  ${refusal.message}`);
    },
  };
}

const render = (row: Row): string =>
  Object.entries(row)
    .map(([name, value]) => `${name} = ${String(value)}`)
    .join('   ');
