import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { checkBackup } from '../../../src/manager/backup/check-backup.ts';
import type { Backup } from '../../../src/manager/catalogue/backup.ts';
import { Catalogue } from '../../../src/manager/catalogue/catalogue.ts';
import { loadConfiguration } from '../../../src/manager/config/load.ts';
import { type BarmanHome, barmanHome } from '../../support/barman-home.ts';

const SEGMENT = '000000010000000000000005';
const LATER = '000000010000000000000006';

/** What others do right before somebody looks whether a path exists. */
const beside = vi.hoisted(() => ({ before: (_path: string): void => {} }));

vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  const exists = (path: string): boolean => {
    beside.before(path);
    return fs.existsSync(path);
  };
  return { ...fs, existsSync: exists };
});

let home: BarmanHome;
let catalogue: Catalogue;
let backup: Backup;

beforeEach(async () => {
  home = barmanHome({ servers: { pg: '' } });
  const { servers, global } = loadConfiguration({ explicit: home.config, env: {} });
  const server = servers.get('pg');
  if (server === undefined) throw new Error('there is no server');
  catalogue = new Catalogue(server, global);
  const wal = { timeline: 1, begin_wal: SEGMENT, end_wal: SEGMENT };
  backup = await catalogue.create('20260101T000000', { status: 'WAITING_FOR_WALS', ...wal });
});

afterEach(() => {
  beside.before = () => {};
  home.dispose();
});

function put(path: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, '');
  return path;
}

const archived = (name: string): string => join(catalogue.layout.wals, name.slice(0, 16), name);

describe('a look at a backup', () => {
  it('does not take a segment for lost that is archived at this moment', async () => {
    put(archived(LATER));
    const incoming = put(join(catalogue.layout.incoming, SEGMENT));
    beside.before = (path) => {
      if (path === incoming) renameSync(incoming, archived(SEGMENT));
    };
    expect(await checkBackup(catalogue, backup)).toBe('DONE');
  });

  it('does not bring a backup back that was removed since it was read', async () => {
    put(archived(SEGMENT));
    rmSync(backup.infoPath);
    await expect(checkBackup(catalogue, backup)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(existsSync(backup.infoPath)).toBe(false);
  });

  it('leaves one alone whose removal has begun since', async () => {
    put(archived(SEGMENT));
    await catalogue.update(backup, { status: 'FAILED', error: 'its removal was not finished' });
    expect(await checkBackup(catalogue, backup)).toBe('FAILED');
  });
});
