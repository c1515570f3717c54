import { execFileSync, spawnSync } from 'node:child_process';
import { findProgram, requireProgram } from './programs.ts';

/** Another Barman than the installed one, for runs against several of its versions. */
const named = process.env['CELLARMAN_TEST_BARMAN'];

/** For `describe.skipIf(!requireBarman())`. */
export function requireBarman(): boolean {
  return named !== undefined || requireProgram('barman');
}

function program(): string {
  const path = named ?? findProgram('barman');
  if (path === undefined) throw new Error('barman is not installed');
  return path;
}

/** Whether it knows `meta/`, five columns in xlog.db, models and what else came with them (3.14 and later). */
export function isModernBarman(): boolean {
  const [, major, minor] =
    /^(\d+)\.(\d+)/.exec(execFileSync(program(), ['--version'], { encoding: 'utf8' })) ?? [];
  return Number(major) > 3 || (Number(major) === 3 && Number(minor) >= 14);
}

export interface BarmanRun {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The real Barman, run as the one who runs the tests; `barman_user` has to name that one. */
export function barman(config: string, ...args: readonly string[]): BarmanRun {
  const { status, stdout, stderr } = spawnSync(program(), ['-c', config, ...args], {
    encoding: 'utf8',
    env: { ...process.env, TZ: process.env['TZ'] ?? 'UTC', LC_ALL: 'C.UTF-8' },
  });
  return { status, stdout, stderr };
}
