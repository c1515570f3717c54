import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FIXTURES = fileURLToPath(new URL('../../fixtures/catalogue', import.meta.url));

/** A throw-away `barman_home` with a configuration that both programs accept; no database is behind its servers. */
export interface BarmanHome {
  readonly dir: string;
  readonly config: string;
  /** `barman_home` itself. */
  readonly home: string;
  dispose(): void;
}

export interface BarmanHomeOptions {
  /** Catalogues from `fixtures/catalogue` to start with, by the name of the server: `{ pg: 'barman-3.4/pg' }`. */
  readonly catalogues?: Readonly<Record<string, string>>;
  /** Servers to configure besides these, with lines of their own. */
  readonly servers?: Readonly<Record<string, string>>;
  /** Lines for `[barman]`. */
  readonly global?: string;
}

export function barmanHome({ catalogues = {}, servers = {}, global = '' }: BarmanHomeOptions): BarmanHome {
  const dir = mkdtempSync(join(tmpdir(), 'cellarman-home-'));
  const home = join(dir, 'home');
  mkdirSync(home);
  for (const [server, fixture] of Object.entries(catalogues)) {
    cpSync(join(FIXTURES, fixture), join(home, server), { recursive: true });
  }
  const config = join(dir, 'barman.conf');
  const sections = { ...Object.fromEntries(Object.keys(catalogues).map((name) => [name, ''])), ...servers };
  writeFileSync(
    config,
    [
      `[barman]\nbarman_user = ${userInfo().username}\nbarman_home = ${home}\nlog_file = ${dir}/log`,
      `archiver = on\nbackup_method = local-rsync\nbackup_options = concurrent_backup\n${global}`,
      ...Object.entries(sections).map(
        ([name, lines]) => `[${name}]\nconninfo = host=127.0.0.1 port=1\n${lines}`,
      ),
      '',
    ].join('\n'),
  );
  return { dir, config, home, dispose: () => remove(dir) };
}

/** What cron left running in the background may still be writing. */
function remove(dir: string): void {
  for (let attempt = 1; ; attempt++) {
    try {
      rmSync(dir, { recursive: true });
      return;
    } catch (error) {
      if (attempt === 50) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    }
  }
}
