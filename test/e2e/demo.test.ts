import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type RunningProgram, startProgram } from '../support/cli-process.ts';
import { postgresAvailable } from '../support/postgres.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

describe.skipIf(!postgresAvailable())('npm run demo', () => {
  /** In which the demo makes its own directory, as in `/tmp`. */
  let scratch: string;

  beforeEach(() => {
    scratch = mkdtempSync(join(tmpdir(), 'cellarman-test-'));
    // PostgreSQL may run as somebody else.
    chmodSync(scratch, 0o755);
  });
  afterEach(() => rmSync(scratch, { recursive: true, force: true }));

  const start = (): RunningProgram =>
    startProgram(process.execPath, ['--import', 'tsx', join('test', 'demo', 'main.ts')], {
      cwd: ROOT,
      env: { ...process.env, TMPDIR: scratch },
      detached: true,
    });

  /** All that it starts has the directory in its command line or in its environment. */
  const processes = (): string[] =>
    readdirSync('/proc').filter((pid) => {
      if (!/^\d+$/.test(pid)) return false;
      try {
        return ['cmdline', 'environ'].some((file) =>
          readFileSync(join('/proc', pid, file)).includes(scratch),
        );
      } catch {
        return false;
      }
    });

  /** What its processes leave behind as they end is theirs for a moment. */
  const expectNothingLeft = async (): Promise<void> => {
    for (let look = 0; look < 100 && processes().length > 0; look++) await sleep(50);
    expect(processes()).toEqual([]);
    expect(readdirSync(scratch).filter((name) => !name.startsWith('tsx-'))).toEqual([]);
  };

  it('tells its story to the end, and leaves nothing behind', async () => {
    const { status, stdout, stderr } = await start().outcome;
    expect({ status, stderr }, stdout).toEqual({ status: 0, stderr: '' });
    const sums = [...stdout.matchAll(/count = (\d+) {3}total = (\d+)/g)].map(([sum]) => sum);
    expect(sums).toEqual([expect.stringMatching(/count = 70000/), sums[0]]);
    expect(stdout).toContain('ERROR:  relation "orders" does not exist\n');
    expect(stdout).toMatch(/recovery stopping before commit of transaction \d+/);
    await expectNothingLeft();
  });

  it.each([
    // As Ctrl-C in a terminal does it: to all processes at once.
    { name: 'the whole group', group: true, at: 'Starting backup copy' },
    { name: 'the demo alone', group: false, at: 'Server main:' },
    { name: 'the demo alone, while it starts servers', group: false, at: 'A database host' },
  ])('stops at a signal to $name, and leaves nothing behind', async ({ group, at }) => {
    const { child, outcome, said } = start();
    while (!said().stdout.includes(at) && child.exitCode === null) await sleep(5);
    expect(said().stdout).toContain(at);
    const pid = child.pid ?? 0;
    process.kill(group ? -pid : pid, 'SIGINT');
    const { status, stderr } = await outcome;
    expect({ status, stderr }).toEqual({ status: 130, stderr: '' });
    await expectNothingLeft();
  });
});
