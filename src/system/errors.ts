import { formatBytes } from './bytes.ts';

/**
 * The closed list of everything that can go wrong. A code is stable API, its facts are fields for programs, and its text
 * is one sentence for people that names the thing and, where there is one, the remedy. Texts never hold secrets.
 * Exit statuses are the command line's business: see `cli/exit-status.ts`.
 */
interface PathFacts {
  readonly path: string;
}
interface HostFacts {
  readonly host: string;
}
interface ServerFacts {
  /** `host:port` or the socket's directory with `:port`. */
  readonly server: string;
}

const TEXTS = {
  // Single paths. An endpoint reports whatever its file system or server says as one of these.
  /** Of a source only, where it is no failure. */
  VANISHED: ({ path }: PathFacts) => `${path} does not exist any more`,
  NOT_FOUND: ({ path }: PathFacts) => `${path} does not exist`,
  PERMISSION_DENIED: ({ path }: PathFacts) => `permission denied: ${path}`,
  EXISTS: ({ path }: PathFacts) => `${path} exists already`,
  NOT_EMPTY: ({ path }: PathFacts) => `directory ${path} is not empty`,
  NOT_A_DIRECTORY: ({ path }: PathFacts) => `${path} is not a directory`,
  IS_A_DIRECTORY: ({ path }: PathFacts) => `${path} is a directory`,
  SYMLINK_IN_PATH: ({ path }: PathFacts) => `${path} leads through a symbolic link, which is never followed`,
  SYMLINK_LOOP: ({ path }: PathFacts) => `too many symbolic links in ${path}`,
  NAME_TOO_LONG: ({ path }: PathFacts) => `name too long: ${path}`,
  UNSAFE_NAME: ({ path, name }: PathFacts & { readonly name: string }) =>
    `the listing of ${path} holds the impossible name "${name}"; it was left out`,
  NO_SPACE: ({ path }: PathFacts) => `no space left on the device that holds ${path}`,
  READ_ONLY: ({ path }: PathFacts) => `the file system that holds ${path} is read-only`,
  TOO_MANY_LINKS: ({ path }: PathFacts) => `${path} has as many hard links as its file system allows`,
  CROSS_DEVICE: ({ path }: PathFacts) => `${path} lies on another file system`,
  BUSY: ({ path }: PathFacts) => `${path} is in use`,
  SHARED_FILE: ({ path }: PathFacts) =>
    `${path} has other names (hard links) that a change of its attributes would reach too; it was left alone`,
  LOCKED: ({ path, pid }: PathFacts & { readonly pid?: number }) =>
    pid === undefined
      ? `another process holds the lock ${path}`
      : `process ${pid} holds the lock ${path}; wait until it has ended`,
  CHANGED_WHILE_READ: ({ path }: PathFacts) => `${path} changed while it was read`,
  SHRANK_WHILE_READ: ({ path }: PathFacts) => `${path} became shorter while it was read`,
  DIRECTORY_IN_THE_WAY: ({ path }: PathFacts) =>
    `a directory stands where ${path} shall be; --delete would allow to remove it`,
  DIRECTORY_SKIPPED: ({ path }: PathFacts) => `${path} is a directory and was skipped: copy it with -r or -a`,
  SYMLINK_SKIPPED: ({ path }: PathFacts) =>
    `${path} is a symbolic link and was skipped: copy it with -l or -a`,
  CONTENT_LOST: ({ path }: PathFacts) =>
    `what arrived of ${path} over a connection that was lost and made again is not what was sent`,
  SPECIAL_FILE: ({ path }: PathFacts) =>
    `${path} is neither file, directory nor symbolic link; it was skipped`,
  IO: ({ path, detail }: PathFacts & { readonly detail: string }) =>
    `input/output error on ${path}: ${detail}`,
  UNSUPPORTED: ({ operation, where }: { readonly operation: string; readonly where: string }) =>
    `${where} cannot do this: ${operation}`,

  // Where a run begins and ends.
  SOURCE_MISSING: ({ path }: PathFacts) => `the source ${path} does not exist`,
  SOURCE_UNREADABLE: ({ path, detail }: PathFacts & { readonly detail: string }) =>
    `the source ${path} cannot be read: ${detail}`,
  DESTINATION_DANGLING: ({ path }: PathFacts) =>
    `the destination ${path} is a symbolic link that leads nowhere`,
  DESTINATION_NOT_A_DIRECTORY: ({ path }: PathFacts) =>
    `the destination ${path} is a file, and a directory is needed for what is to be copied`,
  DESTINATION_PARENT_MISSING: ({ path }: PathFacts) =>
    `the destination ${path} cannot be made: the directory it shall be in does not exist (--mkpath makes all of it)`,
  SOURCE_IS_DESTINATION: ({ path }: PathFacts) => `source and destination are the same: ${path}`,
  DESTINATION_IN_SOURCE: ({ path }: PathFacts) =>
    `the destination ${path} lies within the source and would be copied into itself; exclude it or choose another place`,
  SOURCE_IN_DESTINATION: ({ path }: PathFacts) =>
    `the source ${path} lies within the destination, where --delete would remove it`,

  LOCKED_ELSEWHERE: ({ path, owner }: PathFacts & { readonly owner: string }) =>
    `${path} says that ${owner} is at work there; if that is not so any more, remove this file`,
  REPOSITORY_MISSING: ({ path }: PathFacts) => `there is no snapshot repository at ${path}`,
  NO_SNAPSHOTS: ({ path }: PathFacts) => `there are no snapshots in ${path}`,
  SNAPSHOT_MISSING: ({ path, id }: PathFacts & { readonly id: string }) =>
    `there is no snapshot ${id} in ${path}; "cellarman snapshots" lists those that are there`,
  SNAPSHOT_INCOMPLETE: ({ path, id, detail }: PathFacts & { readonly id: string; readonly detail: string }) =>
    `snapshot ${id} in ${path} is not complete: ${detail}`,
  SOURCE_SHRANK: ({ path, before, now }: PathFacts & { readonly before: number; readonly now: number }) =>
    `the source ${path} has ${now} entries where the last snapshot has ${before}: is it mounted? Nothing was made; --allow-shrink makes a snapshot all the same`,

  // The run.
  ABORTED: () => 'interrupted',
  TIMEOUT: ({ seconds }: { readonly seconds: number }) => `no data came or went for ${seconds} seconds`,
  USAGE: ({ detail }: { readonly detail: string }) => detail,
  INTERNAL: ({ detail }: { readonly detail: string }) => `internal error: ${detail}`,

  // Manifests and repositories of snapshots.
  MANIFEST_DAMAGED: ({ path, detail }: PathFacts & { readonly detail: string }) =>
    `the manifest ${path} is damaged: ${detail}`,
  MANIFEST_UNSUPPORTED: ({ path, version }: PathFacts & { readonly version: string }) =>
    `the manifest ${path} is of version "${version}", which this program does not know; use a newer one`,

  FILE_UNREADABLE: ({ path, detail }: PathFacts & { readonly detail: string }) =>
    `cannot read ${path}: ${detail}`,

  // Reaching a host.
  HOST_UNREACHABLE: ({ host, detail }: HostFacts & { readonly detail: string }) =>
    `cannot reach ${host}: ${detail}`,
  LOGIN_REFUSED: ({ host, user, tried }: HostFacts & { readonly user: string; readonly tried: string }) =>
    `${host} refused the login of ${user} (tried: ${tried})`,
  HOST_KEY_UNKNOWN: ({
    host,
    fingerprint,
    remedy,
  }: HostFacts & { readonly fingerprint: string; readonly remedy: string }) =>
    `the host key of ${host} is not known: ${fingerprint}; ${remedy}`,
  HOST_KEY_CHANGED: ({
    host,
    fingerprint,
    where,
  }: HostFacts & { readonly fingerprint: string; readonly where: string }) =>
    `the host key of ${host} is ${fingerprint}, which is not the one in ${where}: someone may be listening in; if the key was changed on purpose, remove that line`,
  HOST_KEY_REVOKED: ({ host, fingerprint }: HostFacts & { readonly fingerprint: string }) =>
    `the host key of ${host} (${fingerprint}) is revoked in known_hosts`,
  NO_SFTP: ({ host, detail }: HostFacts & { readonly detail: string }) => `${host} offers no SFTP: ${detail}`,
  CONNECTION_LOST: ({ host, detail }: HostFacts & { readonly detail: string }) =>
    `the connection to ${host} was lost: ${detail}`,
  SSH_COMMAND_FAILED: ({ command, detail }: { readonly command: string; readonly detail: string }) =>
    `the command "${command}" failed: ${detail}`,
  PROTOCOL: ({ detail }: { readonly detail: string }) => `the SFTP server broke the protocol: ${detail}`,

  // The configuration.
  WRONG_USER: ({ user }: { readonly user: string }) => `please run cellarman as '${user}' user`,
  CONFIG_NOT_FOUND: ({ tried }: { readonly tried: string }) =>
    `there is no configuration file: none of ${tried} exists; name one with -c FILE`,
  CONFIG: ({ where, detail }: { readonly where: string; readonly detail: string }) => `${where}: ${detail}`,

  HOOK_STOPPED: ({ script }: { readonly script: string }) => `${script} asked to stop (exit status 63)`,

  // The catalogue.
  BACKUP_INFO: ({ path, detail }: PathFacts & { readonly detail: string }) => `${path} is damaged: ${detail}`,
  WAL_INDEX: ({ path, line }: PathFacts & { readonly line: number }) =>
    `${path}: line ${line} is damaged and was left as it is`,
  BACKUP_UNKNOWN: ({ id, server }: { readonly id: string; readonly server: string }) =>
    `Unknown backup '${id}' for server '${server}'`,
  BACKUP_UNFINISHED: ({ id, status }: { readonly id: string; readonly status: string }) =>
    `backup ${id} is ${status}: only one whose files were all copied can be looked at`,
  SERVER_NOT_STARTED: ({ detail }: { readonly detail: string }) =>
    `the server that was started from the backup gave up: ${detail}`,
  POSTGRES_PROGRAMS: ({ major, where }: { readonly major: number; readonly where: string }) =>
    `the server program of PostgreSQL ${major} was not found (looked in ${where}): install it, or name its directory with --pg-bin`,
  BACKUP_NAME_AMBIGUOUS: ({ name, ids }: { readonly name: string; readonly ids: string }) =>
    `more than one backup is named '${name}': ${ids}; give the ID of one of them`,

  CHECKS_FAILED: ({ checks }: { readonly server: string; readonly checks: string }) => checks,
  WRONG_CLUSTER: ({
    server,
    found,
    expected,
  }: {
    readonly server: string;
    readonly found: string;
    readonly expected: string;
  }) =>
    `the database of server '${server}' ${found}, but ${expected}; a new cluster needs a catalogue of its own`,
  DATA_DIRECTORY: ({ path, detail }: PathFacts & { readonly detail: string }) =>
    `the data directory ${path} cannot be backed up: ${detail}`,
  NOT_ENOUGH_SPACE: ({
    path,
    needed,
    available,
  }: PathFacts & { readonly needed: number; readonly available: number }) =>
    `the backup needs at least ${formatBytes(needed)}, and ${path} has ${formatBytes(available)} left: nothing was copied`,
  LINK_NOT_FOLLOWED: ({ path }: PathFacts) =>
    `${path} is a symbolic link to a directory, which is followed only directly below the data directory and its base; put a tablespace in its place`,

  SYNC_POINT: ({
    name,
    relation,
    end,
    other,
  }: {
    readonly name: string;
    readonly relation: string;
    readonly end: string;
    readonly other: string;
  }) => `last_wal '${name}' is ${relation} than the ${end} available wal '${other}'`,

  // What PostgreSQL wrote.
  NOT_AN_LSN: ({ text }: { readonly text: string }) =>
    `"${text}" is not an LSN: two hexadecimal numbers with a slash between them, such as 0/3000060`,
  NOT_A_SEGMENT: ({ name }: { readonly name: string }) => `"${name}" is not the name of a WAL segment`,
  SEGMENT_SIZE: ({ size }: { readonly size: number }) =>
    `a WAL segment cannot have ${size} bytes: it has a power of two from 1 MB to 1 GB`,
  TIMELINE_HISTORY: ({ timeline, detail }: { readonly timeline: number; readonly detail: string }) =>
    `the history file of timeline ${timeline} is damaged: ${detail}`,
  CONTROL_FILE: ({ detail }: { readonly detail: string }) => `pg_control ${detail}`,
  CONTROL_FILE_CRC: () => 'pg_control fails its CRC: it was read in the middle of a write, or it is damaged',
  BACKUP_LABEL: ({ detail }: { readonly detail: string }) => `the backup label is damaged: ${detail}`,
  TABLESPACE_MAP: ({ detail }: { readonly detail: string }) => `the tablespace map is damaged: ${detail}`,
  BACKUP_MANIFEST: ({ detail }: { readonly detail: string }) => `the backup manifest is damaged: ${detail}`,
  WAL_DAMAGED: ({ where, detail }: { readonly where: string; readonly detail: string }) =>
    `WAL is damaged at ${where}: ${detail}`,
  POSTGRES_VERSION: ({ version }: { readonly version: string }) =>
    `PostgreSQL ${version} is not supported: 13 to 18 are`,

  // Restores.
  BACKUP_NOT_RESTORABLE: ({ id, detail }: { readonly id: string; readonly detail: string }) =>
    `backup ${id} cannot be restored: ${detail}`,
  BACKUP_DAMAGED: ({
    id,
    count,
    paths,
  }: {
    readonly id: string;
    readonly count: number;
    readonly paths: string;
  }) =>
    `backup ${id} is damaged, and no other backup of the server holds what is missing (files: ${count}): ${paths}; the destination is not complete and cannot be started`,
  RESTORE_TARGET: ({ detail }: { readonly detail: string }) => `the target cannot be reached: ${detail}`,
  WAL_MISSING: ({ name, detail }: { readonly name: string; readonly detail: string }) =>
    `the WAL segment ${name} is missing from the archive: ${detail}`,
  DESTINATION_IN_USE: ({ path, detail }: PathFacts & { readonly detail: string }) =>
    `the destination ${path} ${detail}`,

  // The WAL archive.
  WAL_DIFFERS: ({ path }: PathFacts) =>
    `${path} is there already with another content and was left alone: do two clusters archive to one place?`,
  WAL_ENCRYPTED: ({ path }: PathFacts) =>
    `${path} is encrypted with gpg, which cellarman cannot undo: 'barman get-wal' and 'barman restore' can, or put what 'gpg --decrypt' makes of it in its place`,
  WAL_INCOMPLETE: ({
    path,
    size,
    expected,
  }: PathFacts & { readonly size: number; readonly expected: string }) =>
    `${path} has ${size} of ${expected} bytes and was left where it is: it is still being written, or was cut off`,
  WAL_CUT_OFF: ({ detail }: PathFacts & { readonly detail: string }) =>
    `${detail}; unless it is still being sent, remove it, so that archive_command can send it again, and where PostgreSQL has it no more take a new backup`,
  TAR: ({ detail }: { readonly detail: string }) => `the tar on standard input was not taken: ${detail}`,
  COMPRESSION: ({
    program,
    path,
    detail,
  }: PathFacts & { readonly program: string; readonly detail: string }) =>
    `${program} failed on ${path}: ${detail}`,

  // Talking to PostgreSQL.
  CONNINFO: ({ detail }: { readonly detail: string }) => `connection string: ${detail}`,
  POSTGRES_UNREACHABLE: ({ server, detail }: ServerFacts & { readonly detail: string }) =>
    `cannot connect to PostgreSQL at ${server}: ${detail}`,
  POSTGRES_LOGIN_REFUSED: ({ server, detail }: ServerFacts & { readonly detail: string }) =>
    `PostgreSQL at ${server} refused the login: ${detail}`,
  POSTGRES_WRONG_SERVER: ({ server, wanted }: ServerFacts & { readonly wanted: string }) =>
    `PostgreSQL at ${server} is not what target_session_attrs=${wanted} asks for`,
  POSTGRES_CONNECTION_LOST: ({ server, detail }: ServerFacts & { readonly detail: string }) =>
    `the connection to PostgreSQL at ${server} was lost: ${detail}`,
  POSTGRES_POOLER: ({ server, detail }: ServerFacts & { readonly detail: string }) =>
    `${server} is a connection pooler (${detail}): a backup needs a session of its own, so give the address of PostgreSQL itself`,
  POSTGRES_PRIVILEGE: ({ what, remedy }: { readonly what: string; readonly remedy: string }) =>
    `PostgreSQL does not allow this: ${what}; as a superuser run: ${remedy}`,
  POSTGRES_QUERY: ({ detail, sqlstate }: { readonly detail: string; readonly sqlstate: string }) =>
    `PostgreSQL answered: ${detail} (SQLSTATE ${sqlstate})`,
} as const satisfies Record<string, (facts: never) => string>;

export type ErrorCode = keyof typeof TEXTS;
export type ErrorFacts<C extends ErrorCode = ErrorCode> = Parameters<(typeof TEXTS)[C]>[0];

/** The only error this package throws on purpose. `facts` holds what the sentence in `message` names. */
export class CellarmanError extends Error {
  override readonly name = 'CellarmanError';
  readonly code: ErrorCode;
  readonly facts: Readonly<Record<string, string | number>>;

  constructor(
    code: ErrorCode,
    message: string,
    facts: Readonly<Record<string, string | number>>,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.facts = facts;
  }
}

/** Makes the error of a code: `throw failure('NOT_FOUND', { path })`. */
export function failure<C extends ErrorCode>(
  code: C,
  ...[facts, cause]: ErrorFacts<C> extends undefined
    ? [facts?: undefined, cause?: unknown]
    : [facts: ErrorFacts<C>, cause?: unknown]
): CellarmanError {
  // The table ties each code to its facts; TypeScript cannot follow that through an index, hence the one cast.
  const text = TEXTS[code] as (facts: unknown) => string;
  return new CellarmanError(code, text(facts), { ...(facts as object | undefined) }, cause);
}

export function isFailure<C extends ErrorCode>(
  error: unknown,
  ...codes: readonly C[]
): error is CellarmanError & { readonly code: C } {
  return (
    error instanceof CellarmanError &&
    (codes.length === 0 || (codes as readonly string[]).includes(error.code))
  );
}
