import { homedir, userInfo } from 'node:os';

/** Where libpq takes from what a connection string leaves open. */
export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** With `.pgpass`, `.pg_service.conf` and `.postgresql/`. */
  readonly home: string;
  readonly userName: string;
}

export function processSurroundings(): Surroundings {
  return { environment: process.env, home: homedir(), userName: userInfo().username };
}
