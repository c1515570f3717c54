import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  isBeingDeleted,
  markBeingDeleted,
  readKeep,
  releaseKeep,
  unmarkBeingDeleted,
  writeKeep,
} from '../../../src/manager/catalogue/annotations.ts';
import { Catalogue } from '../../../src/manager/catalogue/catalogue.ts';
import { findBackup, RESERVED_NAMES } from '../../../src/manager/catalogue/designation.ts';
import { descendantsOf, familyOf } from '../../../src/manager/catalogue/family.ts';
import { readIdentity, writeIdentity } from '../../../src/manager/catalogue/identity.ts';
import { parseMoment } from '../../../src/manager/catalogue/moment.ts';
import { loadConfiguration } from '../../../src/manager/config/load.ts';
import { barman, isModernBarman, requireBarman } from '../../support/barman.ts';
import { type BarmanHome, type BarmanHomeOptions, barmanHome } from '../../support/barman-home.ts';

let home: BarmanHome | undefined;
const homes: BarmanHome[] = [];
afterEach(() => {
  for (const each of homes.splice(0)) each.dispose();
  vi.unstubAllEnvs();
});

/** The catalogue of server `pg` in a new home. */
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
const empty = () => catalogue({ servers: { pg: '' } });

const DONE = {
  status: 'DONE',
  mode: 'rsync-concurrent',
  begin_time: parseMoment('2026-12-01 10:00:00.123456+00:00') ?? null,
  end_time: parseMoment('2026-12-01 10:05:00+00:00') ?? null,
  begin_wal: '000000010000000000000030',
  end_wal: '000000010000000000000031',
  begin_xlog: '0/30000028',
  end_xlog: '0/31000100',
  begin_offset: 40,
  end_offset: 256,
  timeline: 1,
  version: 150018,
  pgdata: '/var/lib/postgresql/15/main',
  size: 1000,
  deduplicated_size: 10,
  systemid: '7711038766968561523',
  backup_label: "START WAL LOCATION: 0/30000028\nLABEL: it's\n",
  tablespaces: [{ name: "it's", oid: 16384, location: '/srv/a b' }],
  copy_stats: new Map<string, number | Map<string, number>>([
    ['total_time', 2],
    ['number_of_workers', 2],
    ['copy_time_per_item', new Map([['pgdata', 0.5]])],
    ['copy_time', 1.5],
  ]),
} as const;
const ID = '20261201T100000';

describe('a new backup', () => {
  it('stands in meta/ of an empty catalogue, with every key of today’s Barman', async () => {
    vi.stubEnv('PATH', '');
    const created = await empty().create(ID, { status: 'EMPTY' });
    expect(created.infoPath).toMatch(/\/pg\/meta\/20261201T100000-backup.info$/);
    expect([...created.lines.keys()]).toContain('encryption');
    expect(statSync(created.infoPath).mode & 0o777).toBe(0o666 & ~process.umask());
  });

  it.each([
    ['3.4.0', 'base'],
    ['3.13.1', 'base'],
    ['3.13.2', 'meta'],
    ['3.17.0', 'meta'],
    ['4.0', 'meta'],
    ['2.19', 'base'],
    ['no version', 'meta'],
  ])('of an empty catalogue is seen by the Barman %s that is installed', async (version, place) => {
    const fresh = empty();
    const program = join(home?.dir ?? '', 'barman');
    writeFileSync(program, `#!/bin/sh\necho '${version} Barman by EnterpriseDB (www.enterprisedb.com)'\n`);
    chmodSync(program, 0o755);
    vi.stubEnv('PATH', `${home?.dir}:${process.env['PATH']}`);
    expect((await fresh.create(ID, {})).place).toBe(place);
  });

  it('stands where the newest one of the catalogue stands, and says no more than that one does', async () => {
    const created = await old().create(ID, { data_checksums: 'on', backup_name: 'n' });
    expect(created.infoPath).toMatch(/\/pg\/base\/20261201T100000\/backup.info$/);
    expect([...created.lines.keys()]).not.toContain('data_checksums');
    expect(created.lines.get('backup_name')).toBe('n');
    expect((await modern().create(ID, { data_checksums: 'on' })).lines.get('data_checksums')).toBe('on');
  });

  it('follows the name of the WAL index where there is no backup yet', async () => {
    const fresh = empty();
    mkdirSync(fresh.layout.wals, { recursive: true });
    writeFileSync(join(fresh.layout.wals, 'xlog.db'), '');
    expect((await fresh.create(ID, {})).place).toBe('base');
  });
});

describe('a change', () => {
  it('touches its own fields only, and what Barman wrote meanwhile stays', async () => {
    const here = modern();
    const backup = findBackup((await here.read()).backups, 'latest', 'pg');
    const before = readFileSync(backup.infoPath, 'utf8');
    writeFileSync(backup.infoPath, before.replace('size=30316332', 'size=1\nfrom_the_future=x'));
    const changed = await here.update(backup, { status: 'FAILED', error: 'a\nb' });
    expect(readFileSync(backup.infoPath, 'utf8')).toBe(
      before
        .replace('error=None', 'error=a b')
        .replace('hba_file', 'from_the_future=x\nhba_file')
        .replace('size=30316332', 'size=1')
        .replace('status=DONE', 'status=FAILED'),
    );
    expect(changed.fields).toMatchObject({ status: 'FAILED', size: 1 });
  });
});

describe('reading', () => {
  it('prefers meta/ and leaves damaged backups out', async () => {
    const here = modern();
    writeFileSync(here.layout.info('20261122T165022', 'base'), 'status=EMPTY\n');
    writeFileSync(here.layout.info('20261122T164939', 'meta'), 'no key\n');
    writeFileSync(
      here.layout.info('20261122T165018', 'meta'),
      Buffer.from('status=DONE\nerror=\xff\n', 'latin1'),
    );
    mkdirSync(join(here.layout.base, 'lost+found'));
    const { backups, damaged } = await here.read();
    expect(backups.map(({ id, fields }) => [id, fields.status])).toEqual([
      ['20261122T164942', 'DONE'],
      ['20261122T165014', 'FAILED'],
      ['20261122T165022', 'DONE'],
    ]);
    expect(damaged.map(({ id, reason }) => `${id} ${reason.replace(/^.*is damaged: /, '')}`)).toEqual([
      '20261122T164939 line 1 is not "key=value"',
      '20261122T165018 it is not UTF-8',
    ]);
  });

  it('finds nothing where nothing is', async () => {
    expect(await empty().read()).toEqual({ backups: [], damaged: [] });
  });

  it('finds a backup by its ID, by words and by name', async () => {
    const here = modern();
    const { backups } = await here.read();
    const find = (designation: string): string => findBackup(backups, designation, 'pg').id;
    expect(['latest', 'last', 'last-full', 'latest-full'].map(find)).toEqual(
      Array(4).fill('20261122T165022'),
    );
    expect(['oldest', 'first'].map(find)).toEqual(Array(2).fill('20261122T164939'));
    expect([find('last-failed'), find('tag'), find('20261122T165014')]).toEqual([
      '20261122T165014',
      '20261122T165018',
      '20261122T165014',
    ]);
    expect(() => find('auto')).toThrow("Unknown backup 'auto' for server 'pg'");
    expect(RESERVED_NAMES.filter((name) => name !== 'auto').map(find)).not.toContain(undefined);
    await here.create(ID, { backup_name: 'tag' });
    const { backups: more } = await here.read();
    expect(() => findBackup(more, 'tag', 'pg')).toThrow(/20261122T165018, 20261201T100000/);
  });

  it('knows who rests on whom', async () => {
    const { backups } = await catalogue({ catalogues: { pg: 'barman-3.17/inc' } }).read();
    const grandchild = findBackup(backups, '20261104T010000', 'pg');
    const { parent, root, chain, children } = familyOf(backups, grandchild);
    expect([parent?.id, root.id, chain.map(({ id }) => id), children]).toEqual([
      '20261102T010000',
      '20261101T010000',
      ['20261101T010000', '20261102T010000', '20261104T010000'],
      [],
    ]);
    expect(descendantsOf(backups, root).map(({ id }) => id)).toEqual([
      '20261104T010000',
      '20261102T010000',
      '20261103T010000',
    ]);
  });
});

describe('annotations and identity', () => {
  it('are found where either version of Barman puts them', async () => {
    expect(await readKeep(old().layout, '20261122T165030')).toBe('full');
    const { layout } = modern();
    expect(await readKeep(layout, '20261122T164942')).toBe('standalone');
    expect(await readKeep(layout, '20261122T165022')).toBeNull();
    expect(await readIdentity(layout)).toEqual({ systemId: '7711038766968561523', version: '15' });
  });

  it('are written in one place and released in both', async () => {
    const { layout } = modern();
    const backup = { id: '20261122T165022', place: 'meta' } as const;
    mkdirSync(join(layout.backup(backup.id), 'annotations'));
    writeFileSync(layout.annotation(backup.id, 'keep', 'base'), 'full');
    await writeKeep(layout, backup, 'standalone');
    expect(readFileSync(layout.annotation(backup.id, 'keep', 'meta'), 'utf8')).toBe('standalone');
    expect(existsSync(layout.annotation(backup.id, 'keep', 'base'))).toBe(false);
    await releaseKeep(layout, backup.id);
    expect(await readKeep(layout, backup.id)).toBeNull();
    await markBeingDeleted(layout, backup);
    expect(await isBeingDeleted(layout, backup.id)).toBe(true);
    await unmarkBeingDeleted(layout, backup.id);
    expect(await isBeingDeleted(layout, backup.id)).toBe(false);
  });

  it('counts a keep nobody understands as the stronger one', async () => {
    const { layout } = modern();
    writeFileSync(layout.annotation('20261122T164942', 'keep', 'meta'), '');
    expect(await readKeep(layout, '20261122T164942')).toBe('full');
  });

  it('writes the identity as Barman does', async () => {
    const { layout } = modern();
    const theirs = readFileSync(layout.identity, 'utf8');
    rmSync(layout.identity);
    expect(await readIdentity(layout)).toBeNull();
    await writeIdentity(layout, { systemId: '7711038766968561523', version: '15' });
    expect(readFileSync(layout.identity, 'utf8')).toBe(theirs);
    writeFileSync(layout.identity, '{"systemid": 5}');
    await expect(readIdentity(layout)).rejects.toThrow('does not tell systemid and version');
  });
});

describe.skipIf(!requireBarman())('the installed Barman', () => {
  it('reads a backup of ours, and keeps it as we see it kept', async () => {
    const here = isModernBarman() ? modern() : old();
    const { config } = home ?? { config: '' };
    mkdirSync(here.layout.data(ID), { recursive: true });
    const backup = await here.create(ID, { ...DONE, backup_name: 'ours' });
    const shown = JSON.parse(barman(config, '-f', 'json', 'show-backup', 'pg', ID).stdout).pg;
    expect(shown).toMatchObject({
      backup_id: ID,
      status: 'DONE',
      postgresql_version: 150018,
      tablespaces: [{ name: "it's", oid: 16384, location: '/srv/a b' }],
      base_backup_information: {
        begin_time: '2026-12-01 10:00:00.123456+00:00',
        end_time: '2026-12-01 10:05:00+00:00',
        begin_wal: DONE.begin_wal,
        copy_time_seconds: 1.5,
        number_of_workers: 2,
      },
    });
    expect(barman(config, 'keep', '--target', 'standalone', 'pg', ID)).toMatchObject({ status: 0 });
    expect(await readKeep(here.layout, ID)).toBe('standalone');
    await writeKeep(here.layout, backup, 'full');
    expect(barman(config, 'keep', '--status', 'pg', ID).stdout).toContain('Keep: full');
    await releaseKeep(here.layout, ID);
    expect(barman(config, 'keep', '--status', 'pg', ID).stdout).toContain('Keep: nokeep');
    const failed = await here.update(backup, { status: 'FAILED', error: 'failure copying files (x)' });
    expect(JSON.parse(barman(config, '-f', 'json', 'show-backup', 'pg', ID).stdout).pg).toMatchObject({
      status: 'FAILED',
      error: failed.fields.error,
    });
  });
});
