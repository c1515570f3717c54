import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';

/** What the tokens of ssh_config(5) stand for in a file name. */
export interface TokenFacts {
  /** `%h`, the host name that is connected to. */
  readonly address: string;
  /** `%n`, the host as the user wrote it. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** `%k`, the name of the host in known_hosts. */
  readonly keyName: string;
}

/**
 * A file name of the host settings with `~`, `%` tokens and `${VARIABLES}` replaced, as ssh_config(5) has it; undefined
 * where it uses a token that is not known here or a variable that is not set.
 */
export function expandPath(path: string, facts: TokenFacts): string | undefined {
  const tokens: Readonly<Record<string, string>> = {
    '%': '%',
    d: homedir(),
    h: facts.address,
    i: String(userInfo().uid),
    k: facts.keyName,
    n: facts.host,
    p: String(facts.port),
    r: facts.user,
    u: userInfo().username,
  };
  let known = true;
  const take = (value: string | undefined): string => {
    known &&= value !== undefined;
    return value ?? '';
  };
  const home = path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path;
  const expanded = home.replace(
    /%(.)|\$\{([^}]*)\}/g,
    (_, token: string | undefined, variable: string | undefined) =>
      take(token === undefined ? process.env[variable ?? ''] : tokens[token]),
  );
  return known ? expanded : undefined;
}
