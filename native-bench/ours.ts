import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Command } from './measure.ts';
import type { Remote } from './sshd.ts';

const MAIN = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));

export const OURS = 'cellarman';
export const OURS_SFTP_ALONE = 'cellarman, no shell there';

/** This program's command lines, as a user would give them. */
export class Ours {
  get absent(): string | undefined {
    return existsSync(MAIN) ? undefined : 'not built: run `npm run build`';
  }

  command(...args: string[]): Command {
    return { argv: [process.execPath, MAIN, ...args] };
  }

  /** A command that reaches a host. */
  over(remote: Remote, command: string, ...args: string[]): Command {
    const reach = ['--identity', remote.identityFile, '--known-hosts', remote.knownHostsFile];
    return this.command(command, ...reach, ...args);
  }

  url(remote: Remote, path: string): string {
    return `sftp://${remote.user}@${remote.host}:${remote.port}${path}`;
  }
}

/** The same command; each of its threads writes a CPU profile at the end. */
export function profiled({ argv: [node, ...args] }: Command, directory: string): Command {
  return { argv: [node, '--cpu-prof', `--cpu-prof-dir=${directory}`, ...args] };
}
