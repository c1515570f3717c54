import { type CellarmanError, failure } from '../../system/errors.ts';
import { type Command, isSsh } from './command-line.ts';

/** How an SSH command ended, and what it wrote to its standard error. */
export interface CommandEnd {
  /** Exit status, or the name of the signal that ended it. */
  readonly status: number | string;
  readonly stderr: string;
  /** Whether the SFTP server had already said something. */
  readonly spoke: boolean;
}

const UNREACHABLE =
  /Could not resolve hostname|Connection (?:refused|timed out|closed by|reset by)|No route to host|Network is unreachable|Operation timed out|banner exchange|kex_exchange_identification|Unable to negotiate/;
const REFUSED = /Permission denied \(|Too many authentication failures/;

/** Tells from OpenSSH's words what went wrong, with the same codes as the ssh2 transport. */
export function commandFailure(command: Command, { status, stderr, spoke }: CommandEnd): CellarmanError {
  const host = command.label;
  const said = lastLines(stderr);
  const ended = typeof status === 'number' ? `it ended with status ${status}` : `it was ended by ${status}`;
  if (spoke) return failure('CONNECTION_LOST', { host, detail: said || ended });

  const fingerprint = /SHA256:[A-Za-z0-9+/]+/.exec(stderr)?.[0] ?? 'not shown by ssh';
  if (/REVOKED HOST KEY/i.test(stderr)) return failure('HOST_KEY_REVOKED', { host, fingerprint });
  if (/HOST IDENTIFICATION HAS CHANGED/i.test(stderr)) {
    const where = /Offending \S+ key in (.*:\d+)/.exec(stderr)?.[1] ?? 'known_hosts';
    return failure('HOST_KEY_CHANGED', { host, fingerprint, where });
  }
  if (/Host key verification failed|host key is known for/i.test(stderr)) {
    const remedy = `connect once by hand to compare and accept it (ssh said: ${said})`;
    return failure('HOST_KEY_UNKNOWN', { host, fingerprint, remedy });
  }
  if (REFUSED.test(stderr))
    return failure('LOGIN_REFUSED', { host, user: command.user, tried: `ssh said: ${said}` });
  if (/subsystem request failed/i.test(stderr)) return failure('NO_SFTP', { host, detail: said });
  if (UNREACHABLE.test(stderr)) return failure('HOST_UNREACHABLE', { host, detail: said });
  // 255 is ssh's own; every other status is that of what the host ran.
  if (status === 0 || (isSsh(command.program) && typeof status === 'number' && status !== 255)) {
    return failure('NO_SFTP', { host, detail: said || `its SFTP program ended with status ${status}` });
  }
  const detail = said === '' ? ended : `${ended}; it said: ${said}`;
  return failure('SSH_COMMAND_FAILED', { command: [command.program, ...command.args].join(' '), detail });
}

/** The last lines in one, without whatever a host may send to drive a terminal. */
function lastLines(stderr: string): string {
  const lines = stderr.split(/[\r\n]+/).filter((line) => line.trim() !== '');
  return lines
    .slice(-3)
    .join('; ')
    .replace(/[^\P{C}]/gu, (c) => `\\#${(c.codePointAt(0) ?? 0).toString(8).padStart(3, '0')}`);
}
