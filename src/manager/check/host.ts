import type { Site } from '../../sync/endpoints/site.ts';
import { checkAborted } from '../../system/abort.ts';
import { type ByteString, byteString, fromText, toText } from '../../system/byte-string.ts';
import { type CellarmanError, type ErrorCode, failure, isFailure } from '../../system/errors.ts';
import type { ServerConfig } from '../config/configuration.ts';
import { databaseHost, hostOfCommand } from '../server/host.ts';
import { type CheckResult, type CheckResults, failed, passed } from './result.ts';

/** The last file of every backup, and readable by PostgreSQL's own user alone. */
const CONTROL_FILE = byteString('global/pg_control');
const LABEL = byteString('backup_label');

/**
 * Whether the data directory can be read: over SFTP, or on this host.
 * @param host of a caller who closes it; undefined: it is connected to for this alone
 * @param dataDirectory undefined where nobody knows it: then the host is only reached
 * @param databaseIsDown then a forgotten label may be what keeps it from starting
 */
export async function* checkDatabaseHost(
  server: ServerConfig,
  host: Site | undefined,
  dataDirectory: ByteString | undefined,
  databaseIsDown: boolean,
  signal: AbortSignal,
): CheckResults {
  const isLocal = server.options.backup_method === 'local-rsync';
  const [name, hint] = isLocal ? ['local PGDATA', 'Access to local PGDATA'] : ['ssh', 'PostgreSQL server'];
  try {
    const site = host ?? (await databaseHost(server, signal, () => undefined));
    await using _closed = host === undefined ? site : undefined;
    if (dataDirectory === undefined) await site.absolute(byteString('.'));
    const hasLabel = dataDirectory !== undefined && (await readDataDirectory(site, dataDirectory));
    yield passed(name, hint);
    if (hasLabel && databaseIsDown) {
      yield failed(
        'backup_label',
        "Check that the PostgreSQL server is up and no 'backup_label' file is in PGDATA.",
      );
    }
  } catch (error) {
    checkAborted(signal);
    if (!isFailure(error)) throw error;
    yield failed(name, withRemedy(error));
  }
}

/** Whether the Barman host that this one copies from can be reached. */
export async function checkPrimaryNode(
  { options, own }: ServerConfig,
  signal: AbortSignal,
): Promise<CheckResult> {
  try {
    await using site = await hostOfCommand(options.primary_ssh_command ?? '', own, signal, () => undefined);
    await site.absolute(byteString('.'));
    return passed('ssh', 'Barman primary node');
  } catch (error) {
    checkAborted(signal);
    if (!isFailure(error)) throw error;
    return failed('ssh', withRemedy(error));
  }
}

/** What helps most often. The other codes say it themselves, or nobody knows. */
const REMEDIES: Partial<Record<ErrorCode, string>> = {
  HOST_UNREACHABLE: 'look at the host and the port of ssh_command, and whether sshd runs there',
  LOGIN_REFUSED: "append this user's public key to ~/.ssh/authorized_keys of that one",
  NO_SFTP: "put 'Subsystem sftp internal-sftp' into its sshd_config",
  SSH_COMMAND_FAILED: 'try it by hand as this user',
  NOT_FOUND: 'where its sshd has a ChrootDirectory, name that as sftp_root in cellarman.d/*.conf',
  PERMISSION_DENIED:
    'the user of ssh_command has to be the owner of the files, or be allowed to read them all',
};

function withRemedy({ code, message }: CellarmanError): string {
  const remedy = REMEDIES[code];
  return remedy === undefined ? message : `${message}; ${remedy}`;
}

/** Reads a byte of it; whether it holds a backup label. */
async function readDataDirectory(site: Site, path: ByteString): Promise<boolean> {
  const root = await site.real(path);
  if (root === undefined)
    throw failure('NOT_FOUND', { path: `${toText(path)} (data_directory of PostgreSQL)` });
  const tree = await site.open(root);
  try {
    await tree.list(fromText(''));
    const file = await tree.openRead(CONTROL_FILE);
    try {
      for await (const _ of file.read(0, 1)) break;
    } finally {
      await file.close();
    }
    return (await tree.lookup(LABEL)) !== undefined;
  } finally {
    await tree.close();
  }
}
