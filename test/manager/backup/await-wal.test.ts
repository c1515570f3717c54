import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { awaitWal } from '../../../src/manager/backup/await-wal.ts';
import type { BackupEvent } from '../../../src/manager/backup/events.ts';
import { Catalogue } from '../../../src/manager/catalogue/catalogue.ts';
import { backupLockPath, takeLock } from '../../../src/manager/catalogue/locks.ts';
import { loadConfiguration } from '../../../src/manager/config/load.ts';
import { Hooks } from '../../../src/manager/hooks/hooks.ts';
import { type BarmanHome, barmanHome } from '../../support/barman-home.ts';

const SEGMENT = '000000010000000000000005';
const SILENT = { debug() {}, info() {}, warning() {}, error() {} };

let home: BarmanHome;

beforeEach(() => {
  home = barmanHome({ servers: { pg: '' } });
});

afterEach(() => home.dispose());

it('goes on waiting while cron looks at the same backup', async () => {
  const { servers, global } = loadConfiguration({ explicit: home.config, env: {} });
  const server = servers.get('pg');
  if (server === undefined) throw new Error('there is no server');
  const catalogue = new Catalogue(server, global);
  const backup = await catalogue.create('20260101T000000', {
    status: 'WAITING_FOR_WALS',
    timeline: 1,
    begin_wal: SEGMENT,
    end_wal: SEGMENT,
  });
  const directory = join(catalogue.layout.wals, SEGMENT.slice(0, 16));
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, SEGMENT), '');
  const events: BackupEvent['type'][] = [];
  const lock = await takeLock(backupLockPath(catalogue.locks, backup.id));
  const waiting = awaitWal(
    server,
    catalogue,
    backup,
    new Hooks(server, { mainFile: home.config, log: SILENT }),
    { wait: true, seconds: undefined },
    ({ type }) => events.push(type),
    new AbortController().signal,
  );
  await sleep(700);
  lock.release();
  expect(await waiting).toBe('DONE');
  expect(events).not.toContain('waiting');
  expect(readFileSync(backup.infoPath, 'utf8')).toContain('status=DONE');
});
