import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runProgram } from '../support/built-cli.ts';

const LIBRARY = new URL('../../dist/sync/index.js', import.meta.url).href;

/** A walk through a local tree waits for nothing: a timer comes to its turn only where the walk makes room for it. */
const ABORTING = `
  import { sync } from ${JSON.stringify(LIBRARY)};
  const [from, to] = process.argv.slice(1);
  const abort = new AbortController();
  let directories = 0;
  const onEvent = ({ type, kind }) => {
    if (type !== 'entry') return;
    setTimeout(() => abort.abort(), 0);
    if (kind === 'directory') directories++;
  };
  const outcome = await sync(from, to, { archive: true, dryRun: true, signal: abort.signal, onEvent }).then(
    () => 'ended',
    ({ code }) => code,
  );
  console.log(outcome, directories < 200 ? 'on the way' : 'at the end');
`;

let root: string;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'cellarman-abort-'));
  for (let directory = 0; directory < 100; directory++) {
    const path = join(root, 'from', `${directory}`, 'inner');
    mkdirSync(path, { recursive: true });
    for (let file = 0; file < 200; file++) writeFileSync(join(path, `file-${file}`), '');
  }
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

it('hears of an abort while it walks through a local tree', () => {
  const args = ['--input-type=module', '-e', ABORTING, '--', `${join(root, 'from')}/`, join(root, 'to')];
  expect(runProgram(process.execPath, args)).toMatchObject({ status: 0, stdout: 'ABORTED on the way\n' });
});
