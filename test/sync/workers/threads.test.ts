import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runCli } from '../../support/cli-process.ts';

it('loads no ECMAScript module by require: a thread that is ended meanwhile aborts the whole process', async () => {
  const scratch = mkdtempSync(join(tmpdir(), 'cellarman-threads-'));
  try {
    mkdirSync(join(scratch, 'from'));
    writeFileSync(join(scratch, 'from', 'file'), 'content');
    const outcome = await runCli(['sync', '-r', `${scratch}/from/`, `${scratch}/to`], {
      env: { ...process.env, NODE_OPTIONS: '--trace-require-module=all' },
    });
    expect(outcome).toMatchObject({ status: 0, stderr: '' });
  } finally {
    rmSync(scratch, { recursive: true });
  }
});
