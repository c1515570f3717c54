import { describe, expect, it } from 'vitest';
import { clusterView, hasHole } from '../../../src/manager/backup/cluster-view.ts';
import type { Entry, EntryType } from '../../../src/sync/entry.ts';
import { byteString } from '../../../src/system/byte-string.ts';

const entry = (text: string): Entry => {
  const type: EntryType = text.endsWith('/') ? 'directory' : text.endsWith('@') ? 'symlink' : 'file';
  const name = byteString(text.replace(/[/@]$/, ''));
  return {
    name,
    type,
    mode: 0o700,
    size: 0,
    mtime: 0,
    uid: 0,
    gid: 0,
    target: undefined,
    identity: undefined,
  };
};

interface Seen {
  readonly shown: readonly string[];
  readonly links: readonly string[];
  readonly dangling: readonly string[];
}

/** What is shown of a directory that holds these: `name/` is a directory, `name@` a link to a file. */
async function show(
  directory: string,
  names: readonly string[],
  relisted: readonly string[] = names,
): Promise<Seen> {
  const links: string[] = [];
  const dangling: string[] = [];
  const view = clusterView({
    major: 17,
    catalogVersion: 202_406_281,
    exclusions: {},
    inside: new Set(['spaces/here']),
    follow: async (path) =>
      path.endsWith('lost') ? undefined : entry(path.endsWith('folder') ? 'folder/' : 'file'),
    onLink: (path) => links.push(path),
    onDangling: (path) => dangling.push(path),
  });
  let listed = 0;
  const shown = await view(byteString(directory), async () =>
    (listed++ === 0 ? names : relisted).map(entry).sort((a, b) => (a.name < b.name ? -1 : 1)),
  );
  return {
    shown: shown.map(({ name, type }) => (type === 'directory' ? `${name}/` : name)),
    links,
    dangling,
  };
}

describe('the view of a cluster', () => {
  it("has what PostgreSQL's own base backup has", async () => {
    const top = [
      'PG_VERSION',
      'base/',
      'postmaster.pid',
      'pg_notify/',
      'pg_wal@',
      'backup_label',
      'standby.signal',
      'my.conf@',
      'lost@',
    ];
    expect(await show('data', top)).toEqual({
      shown: ['PG_VERSION', 'base/', 'pg_notify/', 'pg_wal/'],
      links: ['data/my.conf'],
      dangling: ['data/lost'],
    });
    expect((await show('data/pg_notify', ['0000'])).shown).toEqual([]);
    expect((await show('data/pg_wal', ['000000010000000000000001'])).shown).toEqual([
      'archive_status/',
      'summaries/',
    ]);
    expect((await show('data/pg_wal/archive_status', ['x.ready'])).shown).toEqual([]);
    expect((await show('data/global', ['pg_control', '1262', 'pg_filenode.map'])).shown).toEqual([
      '1262',
      'pg_filenode.map',
    ]);
    expect(
      (await show('data/base/5', ['100', '100_init', '200', 't3_300', 'pg_internal.init.7'])).shown,
    ).toEqual(['100_init', '200']);
  });

  it('has tablespaces once, under their numbers, and of them only what is of this version', async () => {
    expect((await show('data/pg_tblspc', ['16400@', '16500/'])).shown).toEqual(['16500/']);
    expect((await show('data/spaces', ['here/', 'other/'])).shown).toEqual(['other/']);
    expect((await show('16400', ['PG_17_202406281/', 'PG_16_202307071/', 'notes'])).shown).toEqual([
      'PG_17_202406281/',
    ]);
    expect((await show('16400/PG_17_202406281/5', ['300', '300_init'])).shown).toEqual(['300_init']);
  });

  it('does not leave out what a link to a directory holds without a word', async () => {
    await expect(show('data/base/5', ['folder@'])).rejects.toMatchObject({ code: 'LINK_NOT_FOLLOWED' });
  });

  it('is listed again where a relation has a hole', async () => {
    expect(hasHole(['100', '100.1', '100.3'].map(entry))).toBe(true);
    expect(hasHole(['100', '100.1', '100.2', '100_fsm', 'a.2'].map(entry))).toBe(false);
    const whole = ['100', '100.1', '100.2'];
    expect((await show('data/base/5', ['100', '100.2'], whole)).shown).toEqual(whole);
  });
});
