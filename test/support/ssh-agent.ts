import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface SshAgent {
  /** For SSH_AUTH_SOCK. */
  readonly socket: string;
  add(identityFile: string): void;
  stop(): void;
}

/** A real ssh-agent, without keys at first. */
export async function startSshAgent(): Promise<SshAgent> {
  const directory = mkdtempSync(join(tmpdir(), 'cellarman-agent-'));
  const socket = join(directory, 'socket');
  const child = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
  while (!existsSync(socket) && child.exitCode === null) await sleep(10);
  return {
    socket,
    add: (identityFile) =>
      void execFileSync('ssh-add', ['-q', identityFile], { env: { ...process.env, SSH_AUTH_SOCK: socket } }),
    stop: () => {
      child.kill('SIGKILL');
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
