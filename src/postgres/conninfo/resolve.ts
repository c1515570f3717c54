import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { KEYWORDS, SESSION_ATTRIBUTES } from './keywords.ts';
import { checkParameter, conninfoError, type Parameters } from './parameters.ts';
import { parseConninfo } from './parse.ts';
import { readPasswordFile } from './password-file.ts';
import { readService } from './service-file.ts';
import { processSurroundings, type Surroundings } from './surroundings.ts';

/** Where to connect to and as whom, with everything that the connection string left open filled in. */
export interface ConnectionTarget {
  /** To be tried in this order. */
  readonly hosts: readonly TargetHost[];
  readonly user: string;
  readonly database: string;
  /** Seconds for each host; 0: no limit. */
  readonly connectTimeout: number;
  readonly sessionAttributes: (typeof SESSION_ATTRIBUTES)[number];
  /** All that was given or taken from a service or the environment; passwords from the password file are not here. */
  readonly parameters: Parameters;
  /** Where files of the user are looked for. */
  readonly home: string;
  /** Why a password that may be meant for this was not used; undefined where there is no reason. */
  readonly passwordProblem: string | undefined;
}

export interface TargetHost {
  /** A name or address; with a leading `/` the directory of a socket. */
  readonly name: string;
  /** What to connect to where it is not the name: `hostaddr`. */
  readonly address: string | undefined;
  readonly port: number;
  readonly password: string | undefined;
}

const DEFAULT_PORT = 5432;
// Where Debian's and Red Hat's packages, and PostgreSQL's own build, put the socket.
const SOCKET_DIRECTORIES = ['/var/run/postgresql', '/tmp'];

/**
 * Resolves a connection string as libpq does: what it says counts first, then its service, then the environment, then
 * the defaults. CONNINFO.
 */
export function resolveConninfo(
  conninfo: string | Parameters,
  surroundings: Surroundings = processSurroundings(),
): ConnectionTarget {
  const given = typeof conninfo === 'string' ? parseConninfo(conninfo) : conninfo;
  const parameters = withDefaults(given, surroundings);
  const value = (name: string): string | undefined => parameters.get(name) || undefined;

  const user = value('user') ?? surroundings.userName;
  const database = value('dbname') ?? user;
  const file = readPasswordFile(value('passfile') ?? join(surroundings.home, '.pgpass'));
  const hosts = hostsOf(value).map(({ name, address, port }) => {
    const host = name === undefined || SOCKET_DIRECTORIES.includes(name) ? (address ?? 'localhost') : name;
    const password =
      value('password') ?? file.find({ host, port, database: passwordDatabase(value, database), user });
    return { name: name ?? address ?? defaultHost(port), address, port, password };
  });
  return {
    hosts: value('load_balance_hosts') === 'random' ? shuffled(hosts) : hosts,
    user,
    database,
    connectTimeout: secondsOf('connect_timeout', value('connect_timeout')),
    sessionAttributes: SESSION_ATTRIBUTES.find((name) => name === value('target_session_attrs')) ?? 'any',
    parameters,
    home: surroundings.home,
    passwordProblem: file.problem,
  };
}

function withDefaults(given: Parameters, surroundings: Surroundings): Parameters {
  const parameters = new Map(given);
  const service = given.get('service') ?? surroundings.environment['PGSERVICE'];
  if (service !== undefined && service !== '') {
    for (const [name, value] of readService(service, surroundings)) {
      if (!parameters.has(name)) parameters.set(name, value);
    }
  }
  for (const [name, { variable }] of KEYWORDS) {
    const value = variable === undefined ? undefined : surroundings.environment[variable];
    if (value === undefined || parameters.has(name)) continue;
    checkParameter(name, value, `environment variable ${variable}`);
    parameters.set(name, value);
  }
  return parameters;
}

type Value = (name: string) => string | undefined;

/** `host`, `hostaddr` and `port` are lists that go together; one port serves all hosts. */
function hostsOf(value: Value): { name: string | undefined; address: string | undefined; port: number }[] {
  const list = (name: string): (string | undefined)[] =>
    (value(name) ?? '').split(',').map((item) => item || undefined);
  const names = list('host');
  const addresses = list('hostaddr');
  const ports = list('port');
  const count = Math.max(names.length, addresses.length);
  for (const [name, items] of [
    ['host', names],
    ['hostaddr', addresses],
    ['port', ports],
  ] as const) {
    if (value(name) === undefined || items.length === count || (name === 'port' && items.length === 1))
      continue;
    throw conninfoError(`"${name}" has ${items.length} entries for ${count} hosts`);
  }
  return Array.from({ length: count }, (_, index) => ({
    name: names[index],
    address: addresses[index],
    port: portOf(ports.length === 1 ? ports[0] : ports[index]),
  }));
}

function portOf(text: string | undefined): number {
  const port = text === undefined ? DEFAULT_PORT : /^\s*\d{1,5}\s*$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw conninfoError('"port" is not a number from 1 to 65535');
  return port;
}

function secondsOf(name: string, text = '0'): number {
  if (!/^\s*[+-]?\d{1,9}\s*$/.test(text)) throw conninfoError(`"${name}" is not a number of seconds`);
  return Math.max(0, Number(text));
}

/** Without a host it is the local socket, where there is one. */
function defaultHost(port: number): string {
  return (
    SOCKET_DIRECTORIES.find((directory) => existsSync(join(directory, `.s.PGSQL.${port}`))) ?? 'localhost'
  );
}

function passwordDatabase(value: Value, database: string): string {
  const replication = value('replication');
  const physical = replication !== undefined && /^(true|on|yes|1)$/i.test(replication);
  return physical ? 'replication' : database;
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, order: Math.random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item);
}
