import { runCli } from '../support/cli-process.ts';
import { findProgram } from '../support/programs.ts';
import { startSftpServer } from '../support/sftp-server.ts';
import { startSshd } from '../support/sshd.ts';
import { note } from './screen.ts';
import type { Stage } from './stage.ts';

/** An account on a server of its own on 127.0.0.1 that offers SFTP and nothing else. */
export interface Account {
  readonly user: string;
  readonly host: string;
  readonly port: number;
  readonly identityFile: string;
  readonly knownHostsFile: string;
}

export interface Accounts {
  /** On the database's host: may only read. */
  readonly database: Account;
  /** On the backup host: takes WAL in. */
  readonly backup: Account;
}

const DATABASE = 'ForceCommand internal-sftp -R';
const SFTP_ONLY = ['AllowTcpForwarding no', 'PermitTTY no'];

/** OpenSSH's server where it is installed and lets its own user in; else one in JavaScript, within this process. */
export async function openAccounts(stage: Stage): Promise<Accounts> {
  const hindrance = await openOpenSsh(stage);
  if (typeof hindrance !== 'string') return hindrance;
  const open = async (): Promise<Account> => {
    const server = await startSftpServer({ root: '/' });
    stage.atEnd(() => server.stop());
    return server;
  };
  const accounts = { database: await open(), backup: await open() };
  note(`SFTP: a server in JavaScript, because ${hindrance}`);
  return accounts;
}

async function openOpenSsh(stage: Stage): Promise<Accounts | string> {
  if (findProgram('sshd') === undefined || findProgram('ssh-keygen') === undefined)
    return 'OpenSSH is not installed';
  try {
    const open = async (line: string): Promise<Account> => {
      const server = await startSshd({ config: [line, ...SFTP_ONLY] });
      stage.atEnd(() => server.stop());
      return server;
    };
    const database = await open(DATABASE);
    if (!(await letsIn(database, stage))) return 'the sshd of this machine does not let its user in';
    const accounts = { database, backup: await open('ForceCommand internal-sftp') };
    note(
      `SFTP: ${DATABASE} on port ${database.port}, OpenSSH without a shell: this account may read and no more`,
    );
    return accounts;
  } catch {
    stage.signal.throwIfAborted();
    return 'the sshd of this machine does not start';
  }
}

/** A host may shut out accounts, as locked or without a valid shell, whatever this server's configuration says. */
async function letsIn(account: Account, { directory }: Stage): Promise<boolean> {
  const { status } = await runCli([
    'sync',
    '-n',
    ...reach(account),
    url(account, `${directory}/`),
    directory,
  ]);
  return status === 0;
}

export const reach = ({ identityFile, knownHostsFile }: Account): string[] => [
  '--identity',
  identityFile,
  '--known-hosts',
  knownHostsFile,
];

export const url = ({ user, host, port }: Account, path: string): string =>
  `sftp://${user}@${host}:${port}${path}`;
