import { appendFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Catalogue } from '../../../src/manager/catalogue/catalogue.ts';
import { serverLockPath, takeLock } from '../../../src/manager/catalogue/locks.ts';
import {
  formatWalEntry,
  parseWalEntry,
  pythonTime,
  type WalEntry,
} from '../../../src/manager/catalogue/wal-entry.ts';
import type { DamagedLine, WalIndex } from '../../../src/manager/catalogue/wal-index.ts';
import { loadConfiguration } from '../../../src/manager/config/load.ts';
import { barman, isModernBarman, requireBarman } from '../../support/barman.ts';
import { type BarmanHome, type BarmanHomeOptions, barmanHome } from '../../support/barman-home.ts';

let home: BarmanHome | undefined;
const homes: BarmanHome[] = [];
afterEach(() => {
  for (const each of homes.splice(0)) each.dispose();
  vi.unstubAllEnvs();
});

function catalogue(options: BarmanHomeOptions): Catalogue {
  home = barmanHome(options);
  homes.push(home);
  const { servers, global } = loadConfiguration({ explicit: home.config, env: {} });
  const server = servers.get('pg');
  if (server === undefined) throw new Error('there is no server pg');
  return new Catalogue(server, global);
}

const old = () => catalogue({ catalogues: { pg: 'barman-3.4/pg' } });
const modern = () => catalogue({ catalogues: { pg: 'barman-3.17/pg' } });

const entry = (name: string, more: Partial<WalEntry> = {}): WalEntry => ({
  name,
  size: 16_777_216,
  time: 1_795_366_234.5,
  compression: null,
  encryption: null,
  ...more,
});
const NEXT = entry('000000010000000000000099');

async function read(index: WalIndex): Promise<{ entries: WalEntry[]; damaged: DamagedLine[] }> {
  const entries: WalEntry[] = [];
  const damaged: DamagedLine[] = [];
  for await (const each of index.entries((line) => damaged.push(line))) entries.push(each);
  return { entries, damaged };
}

describe('lines', () => {
  it.each([
    ['000000010000000000000009\t16461\t1795366188.7969275\tgzip', 4],
    ['000000010000000000000009.00000028.backup\t204\t1795366188.0\tgzip\tNone', 5],
    ['00000002.history\t41\t1795366188.25\tNone\tgpg', 5],
  ] as const)('%s', (line, columns) => {
    const parsed = parseWalEntry(line);
    expect(parsed?.columns).toBe(columns);
    expect(parsed && formatWalEntry(parsed, columns)).toBe(`${line}\n`);
  });

  it('reads three columns and any blanks', () => {
    expect(parseWalEntry('000000010000000000000009 12  5.5')).toMatchObject({
      size: 12,
      time: 5.5,
      compression: null,
    });
  });

  it.each([
    '',
    'x 1 2',
    '000000010000000000000009 1',
    '000000010000000000000009 a 1',
    '000000010000000000000009 1 b',
    '000000010000000000000009 1 2 3 4 5',
  ])('refuses "%s"', (line) => {
    expect(parseWalEntry(line)).toBeUndefined();
  });

  it('never hides that a file is encrypted', () => {
    expect(formatWalEntry({ ...NEXT, encryption: 'gpg' }, 4)).toMatch(/\tNone\tgpg\n$/);
  });

  it('has file times as Python does', () => {
    expect(pythonTime({ mtimeNs: 1_795_366_179_892_927_400n })).toBe(1_795_366_179.8929274);
  });
});

describe('the index', () => {
  it('goes on with the file and the columns the catalogue has', async () => {
    for (const [here, name, line] of [
      [old(), 'xlog.db', '000000010000000000000099\t16777216\t1795366234.5\tNone\n'],
      [modern(), 'pg-xlog.db', '000000010000000000000099\t16777216\t1795366234.5\tNone\tNone\n'],
    ] as const) {
      const index = await here.walIndex();
      expect(index.path).toBe(join(here.layout.wals, name));
      const before = readFileSync(index.path, 'utf8');
      await index.append([NEXT]);
      expect(readFileSync(index.path, 'utf8')).toBe(before + line);
    }
  });

  it('is begun as today’s Barman would', async () => {
    vi.stubEnv('PATH', '');
    const here = catalogue({ servers: { pg: '' } });
    const index = await here.walIndex();
    expect(await read(index)).toEqual({ entries: [], damaged: [] });
    await index.retain(() => false);
    await index.append([]);
    expect(existsSync(index.path)).toBe(false);
    await index.append([NEXT, entry('00000002.history')]);
    expect(index.path).toMatch(/\/wals\/pg-xlog.db$/);
    expect(readFileSync(index.path, 'utf8').match(/\tNone\tNone\n/g)).toHaveLength(2);
    expect(statSync(index.path).mode & 0o777).toBe(0o666 & ~process.umask());
  });

  it('is read in the order of the file, damaged lines told apart', async () => {
    const here = old();
    const index = await here.walIndex();
    const sound = await read(index);
    expect([sound.entries.length, sound.entries[0]?.name]).toEqual([21, '000000010000000000000009']);
    appendFileSync(index.path, '\nnonsense here\n0000000100000000000000');
    const { entries, damaged } = await read(index);
    expect(entries).toHaveLength(21);
    expect(damaged).toEqual([
      { path: index.path, line: 23, text: 'nonsense here' },
      { path: index.path, line: 24, text: '0000000100000000000000' },
    ]);
  });

  it('does not let a line that was cut short swallow the next one', async () => {
    const index = await old().walIndex();
    appendFileSync(index.path, '00000001000000000000001');
    await index.append([NEXT]);
    const { entries, damaged } = await read(index);
    expect(entries.at(-1)).toMatchObject({ name: NEXT.name });
    expect(damaged).toHaveLength(1);
  });

  it.each(['\tg', '\tgzip\tN', '\tgzip\tNone'])(
    'does not take a line that was cut short for a whole one: %j',
    async (rest) => {
      const index = await modern().walIndex();
      const sound = await read(index);
      appendFileSync(index.path, `${NEXT.name}\t4242\t1795366234.5${rest}`);
      const torn = await read(index);
      expect(torn.entries).toEqual(sound.entries);
      expect(torn.damaged).toHaveLength(1);
      await index.append([NEXT]);
      expect(await read(index)).toEqual({
        entries: [...sound.entries, expect.objectContaining(NEXT)],
        damaged: [],
      });
      expect(readFileSync(index.path, 'utf8').match(/\tNone\n$/)).not.toBeNull();
    },
  );

  it('drops what nobody keeps, but never a line it cannot read', async () => {
    const index = await modern().walIndex();
    appendFileSync(index.path, 'what is this\n');
    await index.retain(({ name }) => name > '00000001000000000000000F');
    const lines = readFileSync(index.path, 'utf8').trimEnd().split('\n');
    expect(lines.map((line) => line.split('\t')[0])).toEqual([
      '000000010000000000000010',
      '000000010000000000000010.00000028.backup',
      'what is this',
    ]);
  });

  it('can be replaced as a whole', async () => {
    const index = await old().walIndex();
    let known: readonly string[] = [];
    await index.rebuild(async (entries) => {
      known = [...entries.keys()];
      return [NEXT];
    });
    expect(known).toContain('000000010000000000000009');
    expect(readFileSync(index.path, 'utf8')).toBe('000000010000000000000099\t16777216\t1795366234.5\tNone\n');
  });

  it('waits for its lock, and gives it back when a reader leaves early', async () => {
    const here = old();
    const index = await here.walIndex();
    for await (const _first of index.entries(() => {})) break;
    const lock = await takeLock(serverLockPath(here.locks, 'xlogdb'));
    let appended = false;
    const append = index.append([NEXT]).then(() => {
      appended = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(appended).toBe(false);
    lock.release();
    await append;
    expect((await read(index)).entries).toHaveLength(22);
  });
});

describe.skipIf(!requireBarman())('the installed Barman', () => {
  it('counts the lines we add, and we those it leaves', async () => {
    const here = isModernBarman() ? modern() : old();
    const { config } = home ?? { config: '' };
    const last = (): Record<string, unknown> =>
      JSON.parse(barman(config, '-f', 'json', 'show-backup', 'pg', 'latest').stdout).pg.wal_information;
    expect(last()).toMatchObject({ no_of_files: 0 });
    const index = await here.walIndex();
    await index.append([NEXT, entry('00000001000000000000009A', { size: 100, compression: 'gzip' })]);
    expect(last()).toMatchObject({
      no_of_files: 2,
      disk_usage_bytes: 16_777_316,
      last_available: '00000001000000000000009A',
    });
    await index.retain(({ name }) => name !== NEXT.name);
    expect(last()).toMatchObject({ no_of_files: 1 });
  });

  it('stands back from a lock of ours', async () => {
    const here = isModernBarman() ? modern() : old();
    const { config } = home ?? { config: '' };
    const lock = await takeLock(serverLockPath(here.locks, 'archive-wal'));
    expect(barman(config, 'archive-wal', 'pg').stdout).toMatch(/another .*archive-wal .*running/i);
    lock.release();
    expect(barman(config, 'archive-wal', 'pg').stdout).toMatch(/^Processing xlog segments/m);
  });

  it('is not overtaken while it holds a lock', async () => {
    const here = isModernBarman() ? modern() : old();
    const path = serverLockPath(here.locks, 'cron');
    writeFileSync(path, '');
    const lock = await takeLock(path);
    expect(readFileSync(path, 'utf8')).toBe(`${process.pid}\n`);
    await expect(takeLock(path)).rejects.toMatchObject({ code: 'LOCKED', facts: { pid: process.pid } });
    lock.release();
  });
});
