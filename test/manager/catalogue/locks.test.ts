import { expect, it } from 'vitest';
import { backupLockPath, configLockPath, serverLockPath } from '../../../src/manager/catalogue/locks.ts';

it('names the files Barman locks', () => {
  const site = { directory: '/var/lib/barman', server: 'pg' };
  expect([
    serverLockPath(site, 'backup'),
    serverLockPath(site, 'xlogdb'),
    backupLockPath(site, '20261122T151747'),
    configLockPath(site.directory),
  ]).toEqual([
    '/var/lib/barman/.pg-backup.lock',
    '/var/lib/barman/.pg-xlogdb.lock',
    '/var/lib/barman/.pg-20261122T151747.lock',
    '/var/lib/barman/.config-update.lock',
  ]);
});
