import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runProgram } from '../support/built-cli.ts';

const LIBRARY = new URL('../../dist/sync/index.js', import.meta.url).href;

/** Between looking for a directory and making it, another run makes it. */
const TOGETHER = `
  import { sync } from ${JSON.stringify(LIBRARY)};
  const [from, to] = process.argv.slice(1);
  const runs = [1, 2, 3, 4].map(() => sync(from, to, { archive: true }));
  for (const run of await Promise.allSettled(runs)) console.log(run.reason?.message ?? run.value.failed);
`;

it('runs that make one new destination at the same time do not stand in each other’s way', () => {
  const root = mkdtempSync(join(tmpdir(), 'cellarman-together-'));
  try {
    mkdirSync(join(root, 'from'));
    for (const name of ['a', 'b', 'c']) writeFileSync(join(root, 'from', name), name);
    const args = ['--input-type=module', '-e', TOGETHER, '--', `${join(root, 'from')}/`, join(root, 'to')];
    const { status, stdout, stderr } = runProgram(process.execPath, args);
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '0\n'.repeat(4), stderr: '' });
    expect(readdirSync(join(root, 'to')).map((name) => readFileSync(join(root, 'to', name), 'utf8'))).toEqual(
      ['a', 'b', 'c'],
    );
  } finally {
    rmSync(root, { recursive: true });
  }
});
