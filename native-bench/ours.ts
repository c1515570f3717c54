import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Command } from './measure.ts';
import type { Remote } from './sshd.ts';

const MAIN = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));

export const OURS = 'cellarman';

/** This program's command lines, as a user would give them. */
export class Ours {
  readonly #profileDirectory: string | undefined;

  constructor(profileDirectory?: string) {
    this.#profileDirectory = profileDirectory;
  }

  get absent(): string | undefined {
    return existsSync(MAIN) ? undefined : 'not built: run `npm run build`';
  }

  command(...args: string[]): Command {
    const argv = [process.execPath, MAIN, ...args] as const;
    if (this.#profileDirectory === undefined) return { argv };
    return { argv, env: { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${this.#profileDirectory}` } };
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
