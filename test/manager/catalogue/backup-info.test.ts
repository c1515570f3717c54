import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, test } from 'vitest';
import {
  changeFields,
  formatBackupInfo,
  newFields,
  parseBackupInfo,
  readFields,
} from '../../../src/manager/catalogue/backup-info.ts';

const FIXTURES = fileURLToPath(new URL('../../../fixtures/catalogue', import.meta.url));
const files = readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('backup.info'),
);

describe('the files of real Barman', () => {
  it.each(files)('%s is read and written back byte for byte', (name) => {
    const path = join(FIXTURES, name);
    const text = readFileSync(path, 'utf8');
    const lines = parseBackupInfo(text, path);
    expect(formatBackupInfo(lines)).toBe(text);
    // Also where every value goes through its type.
    const fields = readFields(lines, path);
    const typed = Object.fromEntries(Object.entries(fields).filter(([key]) => lines.has(key)));
    expect(formatBackupInfo(changeFields(lines, typed))).toBe(text);
  });

  it('are many', () => {
    expect(files.length).toBeGreaterThan(15);
  });
});

describe('parseBackupInfo', () => {
  it('takes blanks, comments and empty lines as Barman does, and keeps unknown keys', () => {
    const lines = parseBackupInfo('# said\n\n status = DONE \ngp_dbid=1=2\nsize=None\n', 'x');
    expect([...lines]).toEqual([
      ['status', 'DONE'],
      ['gp_dbid', '1=2'],
      ['size', 'None'],
    ]);
    const changed = changeFields(lines, { size: 5, backup_name: 'n', error: null });
    expect(formatBackupInfo(changed)).toBe('backup_name=n\nerror=None\ngp_dbid=1=2\nsize=5\nstatus=DONE\n');
    expect(formatBackupInfo(changeFields(changed, { backup_name: null }))).not.toContain('backup_name');
  });

  it('reads a file that lacks nearly everything', () => {
    const fields = readFields(parseBackupInfo('status=DONE\n', 'x'), 'x');
    expect(fields).toMatchObject({ status: 'DONE', size: null, xlog_segment_size: 16_777_216 });
  });

  it.each([
    ['status', 'x: line 1 is not "key=value"'],
    ['=DONE', 'x: line 1 is not "key=value"'],
    ['status=GONE', 'the value of status is cut off or wrong: "GONE"'],
    ['size=-1', 'the value of size is cut off or wrong: "-1"'],
    ["tablespaces=[('a', 1)]", 'the value of tablespaces is cut off or wrong'],
    ['tablespaces=[', 'the value of tablespaces is cut off or wrong'],
    ['begin_time=soon', 'the value of begin_time is cut off or wrong: "soon"'],
    ['copy_stats=[]', 'the value of copy_stats is cut off or wrong: "[]"'],
  ])('refuses %s', (text, message) => {
    expect(() => readFields(parseBackupInfo(text, 'x'), 'x')).toThrow(
      message.replace('x: ', 'x is damaged: '),
    );
  });
});

test('a file that was cut off in a long value is told of in a short sentence', () => {
  const cut = `backup_label='START WAL LOCATION: 0/2000028 (file 000000010000000000000002)${'x'.repeat(200)}`;
  const read = () => readFields(parseBackupInfo(cut, 'x'), 'x');
  expect(read).toThrow(
    `x is damaged: the value of backup_label is cut off or wrong: "'START WAL LOCATION: 0/2000028 (file 000…"`,
  );
});

describe('newFields', () => {
  it('writes every key Barman writes, in its order', () => {
    const keys = (text: string): string[] => text.split('\n').map((line) => line.replace(/=.*/, ''));
    const theirs = keys(
      readFileSync(join(FIXTURES, 'barman-3.17/pg/meta/20261122T164939-backup.info'), 'utf8'),
    );
    expect(keys(formatBackupInfo(newFields({ status: 'EMPTY' })))).toEqual(theirs);
  });
});
