import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkBackup, missingWal } from '../../../src/manager/backup/check-backup.ts';
import { failOrphans } from '../../../src/manager/backup/orphans.ts';
import type { Backup } from '../../../src/manager/catalogue/backup.ts';
import { Catalogue } from '../../../src/manager/catalogue/catalogue.ts';
import { serverLockPath, takeLock } from '../../../src/manager/catalogue/locks.ts';
import { loadConfiguration } from '../../../src/manager/config/load.ts';
import { type BarmanHome, barmanHome } from '../../support/barman-home.ts';

const SEGMENTS = ['FD', 'FE', 'FF'].map((last) => `0000000100000000000000${last}`);

let home: BarmanHome;
let catalogue: Catalogue;
let backup: Backup;

beforeEach(async () => {
  home = barmanHome({ servers: { pg: '' } });
  const { servers, global } = loadConfiguration({ explicit: home.config, env: {} });
  const server = servers.get('pg');
  if (server === undefined) throw new Error('there is no server');
  catalogue = new Catalogue(server, global);
  backup = await catalogue.create('20260101T000000', {
    status: 'WAITING_FOR_WALS',
    timeline: 1,
    begin_wal: SEGMENTS[0] ?? '',
    end_wal: '000000010000000100000000',
  });
});

afterEach(() => home.dispose());

function put(where: 'wals' | 'incoming', ...names: string[]): void {
  for (const name of names) {
    const directory =
      where === 'wals' ? join(catalogue.layout.wals, name.slice(0, 16)) : catalogue.layout.incoming;
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, name), '');
  }
}

const status = (): string => /^status=(.*)$/m.exec(readFileSync(backup.infoPath, 'utf8'))?.[1] ?? '';

describe('WAL of a backup', () => {
  it('is waited for until it is all there', async () => {
    expect(await checkBackup(catalogue, backup)).toBe('WAITING_FOR_WALS');
    put('wals', ...SEGMENTS);
    expect(await missingWal(catalogue.layout, backup)).toEqual({
      segment: '000000010000000100000000',
      isLost: false,
    });
    expect(await checkBackup(catalogue, backup)).toBe('WAITING_FOR_WALS');
    put('wals', '000000010000000100000000');
    expect(await checkBackup(catalogue, backup)).toBe('DONE');
    expect(status()).toBe('DONE');
  });

  it('is lost when later WAL is there and it does not even wait to be archived', async () => {
    put('wals', SEGMENTS[0] ?? '', SEGMENTS[2] ?? '');
    put('incoming', SEGMENTS[1] ?? '');
    expect(await checkBackup(catalogue, backup)).toBe('WAITING_FOR_WALS');
    rmSync(join(catalogue.layout.incoming, SEGMENTS[1] ?? ''));
    expect(await checkBackup(catalogue, backup)).toBe('FAILED');
    expect(readFileSync(backup.infoPath, 'utf8')).toContain(`The first missing WAL file is ${SEGMENTS[1]}`);
  });
});

describe('a backup whose process died', () => {
  it('is failed, but not while somebody holds the lock', async () => {
    const started = await catalogue.create('20260102T000000', { status: 'STARTED' });
    {
      using _lock = await takeLock(serverLockPath(catalogue.locks, 'backup'));
      expect(await failOrphans(catalogue)).toEqual([]);
    }
    expect(await failOrphans(catalogue)).toEqual([started.id]);
    expect(readFileSync(started.infoPath, 'utf8')).toMatch(/^error=failure copying files \(.*\)$/m);
    expect(await failOrphans(catalogue)).toEqual([]);
  });
});
