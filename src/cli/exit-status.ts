import type { SyncReport } from '../sync/report.ts';
import { CellarmanError, type ErrorCode } from '../system/errors.ts';

/** Exit statuses; up to 30 they are rsync(1)'s. */
export const EXIT = {
  success: 0,
  usage: 1,
  managerUsage: 2,
  failed: 1,
  wrongFile: 3,
  unsupported: 4,
  unreachable: 10,
  fileError: 11,
  connection: 12,
  interrupted: 20,
  partial: 23,
  vanished: 24,
  maxDelete: 25,
  shrunk: 26,
  different: 27,
  damagedPages: 28,
  timeout: 30,
  internal: 70,
  /** What a shell tells of a program that SIGPIPE ended. */
  unread: 141,
} as const;

type Meanings = readonly (readonly [status: number, meaning: string])[];

/** What each status means, for help texts. One that is of a single command begins with the command's name. */
export const MEANINGS: Meanings = [
  [EXIT.success, 'everything was done'],
  [EXIT.usage, 'the command line or a file that it names is wrong'],
  [EXIT.managerUsage, 'check: the command line is wrong, or with --nagios a check failed'],
  [EXIT.wrongFile, 'a file stands where a directory has to be, or the other way round'],
  [EXIT.wrongFile, 'get-wal: the name is none of a WAL file, or the output cannot be written'],
  [EXIT.unsupported, 'the other side cannot do what was asked for'],
  [EXIT.unreachable, 'the host cannot be reached'],
  [EXIT.fileError, 'reading or writing failed for good: no space, read-only, input/output error'],
  [EXIT.connection, 'login, host key, SFTP server or connection failed'],
  [EXIT.interrupted, 'stopped by SIGINT, SIGTERM or SIGHUP'],
  [EXIT.partial, 'some paths could not be transferred; each was named'],
  [EXIT.vanished, 'some paths vanished before they could be read'],
  [EXIT.maxDelete, 'deletions were left out because of --max-delete'],
  [EXIT.shrunk, 'snapshot: the source is empty or has lost more than half of its entries; nothing was made'],
  [
    EXIT.different,
    'verify: something is damaged, missing, added, changed or unreadable; each path was named',
  ],
  [
    EXIT.damagedPages,
    'backup: pages of the server fail their checksum; the backup was made, and each was named',
  ],
  [EXIT.timeout, 'no data came or went for the time of --timeout'],
  [EXIT.internal, 'an error in this program'],
  [EXIT.unread, 'nobody reads the output any more, and the run ended early'],
];

/** The same for the commands of the backup manager, which end as Barman's do. */
const MANAGER_MEANINGS: Meanings = [
  [EXIT.success, 'everything was done'],
  [EXIT.failed, 'something went wrong, and was told'],
  [EXIT.managerUsage, 'the command line is wrong'],
  [EXIT.internal, 'an error in this program'],
  [EXIT.unread, 'nobody reads the output any more, and the run ended early'],
];

/** Those of {@link MEANINGS} that are of one command, or with `undefined` of all. */
const meaningsOf = (command: string | undefined): Meanings =>
  MEANINGS.flatMap(([status, text]) => {
    const [, of, meaning = text] = /^([\w-]+): (.*)$/.exec(text) ?? [];
    return of === command ? [[status, meaning] as const] : [];
  });

/** The paragraph of a help text that says with what a command ends. */
export const statusHelp = (command: string): string =>
  table([...meaningsOf(undefined), ...meaningsOf(command)]);

/** The same for a command of the backup manager. */
export const managerStatusHelp = (command: string): string =>
  table([...MANAGER_MEANINGS, ...meaningsOf(command)]);

/** A later meaning of a status goes before an earlier one. */
function table(meanings: Meanings): string {
  const rows = [...new Map(meanings)].sort(([a], [b]) => a - b);
  return `\nExit status:\n${rows.map(([status, meaning]) => `${String(status).padStart(4)}  ${meaning}`).join('\n')}`;
}

/** The status of a run that an error ended. The map is total: a new error code does not compile without a status. */
export const STATUS_OF_ERROR: Readonly<Record<ErrorCode, number>> = {
  USAGE: EXIT.usage,
  MANIFEST_DAMAGED: EXIT.failed,
  MANIFEST_UNSUPPORTED: EXIT.failed,
  WRONG_USER: EXIT.failed,
  CONFIG_NOT_FOUND: EXIT.failed,
  CONFIG: EXIT.failed,
  HOOK_STOPPED: EXIT.failed,
  NOT_AN_LSN: EXIT.failed,
  NOT_A_SEGMENT: EXIT.failed,
  SEGMENT_SIZE: EXIT.failed,
  TIMELINE_HISTORY: EXIT.failed,
  CONTROL_FILE: EXIT.failed,
  CONTROL_FILE_CRC: EXIT.failed,
  BACKUP_LABEL: EXIT.failed,
  TABLESPACE_MAP: EXIT.failed,
  BACKUP_MANIFEST: EXIT.failed,
  WAL_DAMAGED: EXIT.failed,
  WAL_DIFFERS: EXIT.failed,
  WAL_ENCRYPTED: EXIT.failed,
  WAL_INCOMPLETE: EXIT.failed,
  WAL_CUT_OFF: EXIT.failed,
  COMPRESSION: EXIT.failed,
  TAR: EXIT.failed,
  BACKUP_INFO: EXIT.failed,
  LOCKED: EXIT.failed,
  LOCKED_ELSEWHERE: EXIT.failed,
  REPOSITORY_MISSING: EXIT.wrongFile,
  NO_SNAPSHOTS: EXIT.wrongFile,
  SNAPSHOT_MISSING: EXIT.wrongFile,
  SNAPSHOT_INCOMPLETE: EXIT.wrongFile,
  SOURCE_SHRANK: EXIT.shrunk,
  WAL_INDEX: EXIT.failed,
  BACKUP_UNKNOWN: EXIT.failed,
  SYNC_POINT: EXIT.failed,
  CHECKS_FAILED: EXIT.failed,
  WRONG_CLUSTER: EXIT.failed,
  DATA_DIRECTORY: EXIT.failed,
  LINK_NOT_FOLLOWED: EXIT.failed,
  NOT_ENOUGH_SPACE: EXIT.failed,
  BACKUP_UNFINISHED: EXIT.failed,
  POSTGRES_PROGRAMS: EXIT.failed,
  SERVER_NOT_STARTED: EXIT.failed,
  BACKUP_NAME_AMBIGUOUS: EXIT.failed,
  BACKUP_NOT_RESTORABLE: EXIT.failed,
  BACKUP_DAMAGED: EXIT.failed,
  RESTORE_TARGET: EXIT.failed,
  WAL_MISSING: EXIT.failed,
  DESTINATION_IN_USE: EXIT.failed,
  POSTGRES_VERSION: EXIT.failed,
  CONNINFO: EXIT.failed,
  POSTGRES_UNREACHABLE: EXIT.failed,
  POSTGRES_LOGIN_REFUSED: EXIT.failed,
  POSTGRES_WRONG_SERVER: EXIT.failed,
  POSTGRES_CONNECTION_LOST: EXIT.failed,
  POSTGRES_POOLER: EXIT.failed,
  POSTGRES_PRIVILEGE: EXIT.failed,
  POSTGRES_QUERY: EXIT.failed,

  NOT_A_DIRECTORY: EXIT.wrongFile,
  IS_A_DIRECTORY: EXIT.wrongFile,
  EXISTS: EXIT.wrongFile,
  NOT_EMPTY: EXIT.wrongFile,
  DESTINATION_NOT_A_DIRECTORY: EXIT.wrongFile,
  SOURCE_IS_DESTINATION: EXIT.wrongFile,
  DESTINATION_IN_SOURCE: EXIT.wrongFile,
  SOURCE_IN_DESTINATION: EXIT.wrongFile,

  UNSUPPORTED: EXIT.unsupported,

  HOST_UNREACHABLE: EXIT.unreachable,

  DESTINATION_PARENT_MISSING: EXIT.fileError,
  DESTINATION_DANGLING: EXIT.fileError,
  PERMISSION_DENIED: EXIT.fileError,
  SYMLINK_IN_PATH: EXIT.fileError,
  SYMLINK_LOOP: EXIT.fileError,
  NAME_TOO_LONG: EXIT.fileError,
  UNSAFE_NAME: EXIT.fileError,
  NO_SPACE: EXIT.fileError,
  READ_ONLY: EXIT.fileError,
  TOO_MANY_LINKS: EXIT.fileError,
  CROSS_DEVICE: EXIT.fileError,
  BUSY: EXIT.fileError,
  IO: EXIT.fileError,
  FILE_UNREADABLE: EXIT.fileError,

  LOGIN_REFUSED: EXIT.connection,
  HOST_KEY_UNKNOWN: EXIT.connection,
  HOST_KEY_CHANGED: EXIT.connection,
  HOST_KEY_REVOKED: EXIT.connection,
  NO_SFTP: EXIT.connection,
  CONNECTION_LOST: EXIT.connection,
  SSH_COMMAND_FAILED: EXIT.connection,
  PROTOCOL: EXIT.connection,

  ABORTED: EXIT.interrupted,

  SOURCE_MISSING: EXIT.partial,
  SOURCE_UNREADABLE: EXIT.partial,
  NOT_FOUND: EXIT.partial,
  VANISHED: EXIT.vanished,
  DIRECTORY_IN_THE_WAY: EXIT.partial,
  DIRECTORY_SKIPPED: EXIT.partial,
  SYMLINK_SKIPPED: EXIT.partial,
  SPECIAL_FILE: EXIT.partial,
  SHARED_FILE: EXIT.partial,
  CONTENT_LOST: EXIT.partial,
  CHANGED_WHILE_READ: EXIT.partial,
  SHRANK_WHILE_READ: EXIT.partial,

  TIMEOUT: EXIT.timeout,
  INTERNAL: EXIT.internal,
};

export function statusOfError(error: unknown): number {
  return error instanceof CellarmanError ? STATUS_OF_ERROR[error.code] : EXIT.internal;
}

/** The status of a run that came to its end: failures outweigh vanished paths, and these the limit of deletions. */
export function statusOfReport(report: SyncReport): number {
  if (report.failed > 0 || report.removalsStopped) return EXIT.partial;
  if (report.vanished > 0) return EXIT.vanished;
  return report.removalsSkipped > 0 ? EXIT.maxDelete : EXIT.success;
}
