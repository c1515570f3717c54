import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Difference, diffManifests } from '../../src/snapshot/diff-manifests.ts';
import type { RecordedListing } from '../../src/sync/manifest/record.ts';
import { byteString } from '../../src/system/byte-string.ts';
import { anyListings, entry, listing } from '../sync/manifest/support.ts';

async function* stream(listings: readonly RecordedListing[]): AsyncGenerator<RecordedListing> {
  yield* listings;
}

async function diff(before: readonly RecordedListing[], after: readonly RecordedListing[], precision = 1) {
  const found: Difference[] = [];
  for await (const one of diffManifests(stream(before), stream(after), precision)) found.push(one);
  return found;
}

const told = async (...args: Parameters<typeof diff>): Promise<string[]> =>
  (await diff(...args)).map(({ path, kind, changes }) => `${kind} ${path} ${changes}`.trimEnd());

describe('diffManifests', () => {
  it('finds nothing between equal trees, whatever they hold', async () => {
    await fc.assert(
      fc.asyncProperty(anyListings, async (listings) => {
        expect(await diff(listings, listings)).toEqual([]);
      }),
    );
  });

  it('is its own mirror image', async () => {
    const mirrored = { created: 'removed', removed: 'created', changed: 'changed' } as const;
    await fc.assert(
      fc.asyncProperty(anyListings, anyListings, async (a, b) => {
        const forth = (await diff(a, b)).map(({ path, kind }) => [path, kind]);
        const back = (await diff(b, a)).map(({ path, kind }) => [path, mirrored[kind]]);
        expect(forth.sort()).toEqual(back.sort());
      }),
    );
  });

  it.each([
    ['size', { size: 6 }],
    ['content', { hash: 'ffffffffffffffff' }],
    ['time', { mtime: 1 }],
    ['mode', { mode: 0o600 }],
    ['owner', { uid: 0 }],
    ['group', { gid: 0 }],
    ['type', { type: 'fifo' as const }],
    ['size,time', { size: 6, mtime: 1, hash: 'ffffffffffffffff' }],
  ])('tells a change of %s', async (changes, fields) => {
    expect(await told([listing('', entry('a'))], [listing('', entry('a', fields))])).toEqual([
      `changed a ${changes}`,
    ]);
  });

  it('tells another target of a link', async () => {
    const link = (target: string) => entry('l', { type: 'symlink', target: byteString(target) });
    expect(await told([listing('', link('x'))], [listing('', link('y'))])).toEqual(['changed l target']);
  });

  it('tells every entry of directories that came and went, with sizes', async () => {
    const before = [
      listing('', entry('gone', { type: 'directory' }), entry('kept', { type: 'directory' })),
      listing('gone', entry('x', { size: 3 })),
      listing('kept', entry('y')),
    ];
    const after = [
      listing('', entry('kept', { type: 'directory' }), entry('new', { type: 'directory' })),
      listing('kept', entry('y')),
      listing('new', entry('z', { size: 4 })),
    ];
    expect(await diff(before, after)).toMatchObject([
      { path: 'gone', kind: 'removed', type: 'directory' },
      { path: 'new', kind: 'created', type: 'directory' },
      { path: 'gone/x', kind: 'removed', sizeBefore: 3, sizeAfter: 0 },
      { path: 'new/z', kind: 'created', sizeBefore: 0, sizeAfter: 4 },
    ]);
  });

  it('walks in the order of components, not of strings', async () => {
    const tree = (...paths: string[]) => [
      listing('', ...paths.map((name) => entry(name, { type: 'directory' }))),
      ...paths.map((name) => listing(name)),
    ];
    expect(await told(tree('a', 'a-b'), tree('a', 'a-b', 'b'))).toEqual(['created b created']);
    const deep = [
      listing('', entry('a'), entry('a-b')),
      listing('a', entry('c')),
      listing('a/c'),
      listing('a-b'),
    ];
    expect(await told(deep, deep)).toEqual([]);
  });

  it('says nothing of a directory whose time alone is another', async () => {
    const at = (mtime: number) => [listing('', entry('d', { type: 'directory', mtime }))];
    expect(await diff(at(1), at(2))).toEqual([]);
  });

  it('compares times at the step that both know', async () => {
    const at = (mtime: number) => [listing('', entry('f', { mtime }))];
    expect(await diff(at(1_500_000), at(1_000_000), 1_000_000)).toEqual([]);
    expect(await told(at(1_500_000), at(2_000_000), 1_000_000)).toEqual(['changed f time']);
  });

  it('tells a changed root', async () => {
    const root = (mode: number) => [{ ...listing(''), directory: entry('', { type: 'directory', mode }) }];
    expect(await told(root(0o755), root(0o700))).toEqual(['changed  mode']);
  });
});
