import type { Connection } from '../../../ssh/connection.ts';
import type { ReachOptions } from '../../../ssh/reach-options.ts';
import { reachForCommands } from '../../../ssh/remote-command.ts';
import type { RemoteProgram } from '../../../ssh/remote-program.ts';
import { failure } from '../../../system/errors.ts';
import { type BarmanHost, barmanLine } from '../barman-host.ts';
import type { FoundWal, WalSupply } from './supply.ts';

/** Barman and this program end so, and say it in these words, where a file is not there; other errors share the status. */
const NOT_THERE = 1;
const NOT_FOUND = /WAL file '[^']*' not found/;

/** The archive as `get-wal` of a Barman host gives it. */
export async function askBarman(
  barman: BarmanHost,
  options: readonly string[],
  reach: ReachOptions,
  signal?: AbortSignal,
): Promise<WalSupply> {
  const host = await reachForCommands(barman.name, reach, signal);
  return {
    find: (name, partial) => find(host, barman, [...options, ...(partial ? ['--partial'] : [])], name),
    [Symbol.asyncDispose]: () => host[Symbol.asyncDispose](),
  };
}

async function find(
  host: Connection,
  barman: BarmanHost,
  options: readonly string[],
  name: string,
): Promise<FoundWal | undefined> {
  const line = barmanLine(barman, 'get-wal', options, name);
  const program = await host.run(line);
  program.input.end();
  const content = read(program, line);
  // That there is none is known only when there is nothing.
  const first = await content.next();
  return first.done === true && first.value === 'none'
    ? undefined
    : { unfinished: false, content: rejoin(first, content) };
}

type Content = AsyncGenerator<Uint8Array, 'none' | 'all', void>;

async function* read({ output, ended }: RemoteProgram, line: string): Content {
  let received = false;
  for await (const block of output) {
    received = true;
    yield block;
  }
  const { status, errors } = await ended;
  if (status === 0) return 'all';
  if (!received && status === NOT_THERE && NOT_FOUND.test(errors)) return 'none';
  const detail = `it ended with status ${status}${errors === '' ? '' : `; it said: ${errors.trim()}`}`;
  throw failure('SSH_COMMAND_FAILED', { command: line, detail });
}

async function* rejoin(
  first: IteratorResult<Uint8Array, unknown>,
  rest: Content,
): AsyncGenerator<Uint8Array, void, void> {
  if (first.done !== true) yield first.value;
  yield* rest;
}
