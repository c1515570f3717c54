import { describe, expect, it } from 'vitest';
import { type CommandEnd, commandFailure } from '../../src/ssh/transports/command-failure.ts';
import type { Command } from '../../src/ssh/transports/command-line.ts';

const ssh: Command = {
  label: 'me@db',
  user: 'me',
  program: '/usr/bin/ssh',
  args: ['-s', 'db', 'sftp'],
  shellArgs: ['db'],
};
const end = (stderr: string, more: Partial<CommandEnd> = {}) => ({
  status: 255,
  stderr,
  spoke: false,
  ...more,
});

/** What OpenSSH 9.2 writes, word for word. */
describe('how an SSH command ended', () => {
  it.each([
    ['ssh: Could not resolve hostname nowhere.invalid: Name or service not known\r\n', 'HOST_UNREACHABLE'],
    ['ssh: connect to host db port 22: Connection refused\r\n', 'HOST_UNREACHABLE'],
    ['ssh: connect to host db port 22: Connection timed out\r\n', 'HOST_UNREACHABLE'],
    ['kex_exchange_identification: Connection closed by remote host\r\n', 'HOST_UNREACHABLE'],
    ['Unable to negotiate with 1.2.3.4 port 22: no matching cipher found.', 'HOST_UNREACHABLE'],
    ['me@db: Permission denied (publickey,password).\r\n', 'LOGIN_REFUSED'],
    ['Received disconnect from 1.2.3.4 port 22:2: Too many authentication failures', 'LOGIN_REFUSED'],
    ['No ED25519 host key is known for db and you have requested strict checking.', 'HOST_KEY_UNKNOWN'],
    ['Host key verification failed.\r\n', 'HOST_KEY_UNKNOWN'],
    ['subsystem request failed on channel 0\r\n', 'NO_SFTP'],
    ['something else', 'SSH_COMMAND_FAILED'],
    ['', 'SSH_COMMAND_FAILED'],
  ])('%j is %s', (stderr, code) => {
    expect(commandFailure(ssh, end(stderr))).toMatchObject({
      code,
      message: expect.stringContaining(stderr.trim()),
    });
  });

  it('finds the line of a changed key', () => {
    const stderr = `@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\r
The fingerprint for the ED25519 key sent by the remote host is\r
SHA256:8Ayj4x5BvH7hGzPxZ0GAnJ3BvRKKm4FLnYLCsnhJ4zQ.\r
Offending ED25519 key in /home/me/.ssh/known_hosts:7\r
Host key verification failed.\r\n`;
    expect(commandFailure(ssh, end(stderr))).toMatchObject({
      code: 'HOST_KEY_CHANGED',
      facts: {
        fingerprint: 'SHA256:8Ayj4x5BvH7hGzPxZ0GAnJ3BvRKKm4FLnYLCsnhJ4zQ',
        where: '/home/me/.ssh/known_hosts:7',
      },
    });
  });

  it('takes a status of the other side for a server without SFTP, and that of another command for its failure', () => {
    expect(commandFailure(ssh, end('', { status: 127 })).code).toBe('NO_SFTP');
    expect(commandFailure(ssh, end('', { status: 0 })).code).toBe('NO_SFTP');
    const { code, message } = commandFailure({ ...ssh, program: 'plink' }, end('', { status: 127 }));
    expect(code).toBe('SSH_COMMAND_FAILED');
    expect(message).toBe('the command "plink -s db sftp" failed: it ended with status 127');
    expect(commandFailure(ssh, end('', { status: 'SIGTERM' })).message).toMatch(/ended by SIGTERM/);
  });

  it('is a lost connection once the server has spoken', () => {
    expect(
      commandFailure(ssh, end('client_loop: send disconnect: Broken pipe', { spoke: true })),
    ).toMatchObject({
      code: 'CONNECTION_LOST',
      message: 'the connection to me@db was lost: client_loop: send disconnect: Broken pipe',
    });
    expect(commandFailure(ssh, end('', { spoke: true })).message).toMatch(/ended with status 255/);
  });

  it('keeps the last lines only, and no control characters', () => {
    const { message } = commandFailure(ssh, end('banner\n1\n2\n\n\x1b[2J3\u202e\r\n'));
    expect(message).toContain('it said: 1; 2; \\#033[2J3\\#20056');
    expect(message).not.toContain('banner');
  });
});
