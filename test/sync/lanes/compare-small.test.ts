import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { localEndpoint } from '../../../src/sync/endpoints/local.ts';
import { openLane } from '../../../src/sync/lanes/lane.ts';
import { openContext } from '../../../src/sync/lanes/open-context.ts';
import type { Batch, BatchResult, Task } from '../../../src/sync/lanes/task.ts';
import { byteString, fromText } from '../../../src/system/byte-string.ts';
import { loadXxh64Of } from '../../../src/system/xxh64.ts';

const p = byteString;
const CONTENTS = { 'a-equal': 'one', 'b-changed': 'two', 'c-equal': 'three', 'd-unlinkable': 'four' };

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cellarman-compare-'));
  for (const tree of ['source/dir', 'place/basis/dir', 'place/new/dir'])
    mkdirSync(join(root, tree), { recursive: true });
  for (const [name, content] of Object.entries(CONTENTS)) {
    writeFileSync(join(root, 'source/dir', name), content);
    if (name !== 'd-unlinkable') writeFileSync(join(root, 'place/basis/dir', name), content);
  }
  // Of the same size.
  writeFileSync(join(root, 'source/dir/b-changed'), 'TWO');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const at = (...parts: readonly string[]): string => join(root, 'place', ...parts);

/** Compares all files of the source with hashes of the old contents. */
async function compare(change: Partial<Task>): Promise<{ done: BatchResult; opened: readonly unknown[] }> {
  const source = localEndpoint(fromText(join(root, 'source')));
  const opened = vi.spyOn(source, 'openRead');
  const context = await openContext({
    options: {
      base: p('new'),
      bases: [p('basis')],
      direct: true,
      fsync: false,
      hashes: true,
      dryRun: false,
      rereads: 0,
      nameMax: 255,
    },
    destination: localEndpoint(fromText(join(root, 'place'))),
    openSource: async () => source,
    inspection: undefined,
    bandwidth: undefined,
    signal: new AbortController().signal,
    onBytes: () => {},
  });
  const hashOf = await loadXxh64Of();
  const batch: Batch = {
    root: 0,
    directory: p('dir'),
    links: undefined,
    tasks: (await source.list(p('dir'))).map((entry) => ({
      do: 'compare',
      entry,
      sourceName: undefined,
      attributes: {},
      replaces: false,
      basis: 0,
      knownHash: hashOf([Buffer.from(CONTENTS[entry.name as unknown as keyof typeof CONTENTS])]),
      otherwise: 'link',
      shared: false,
      ...change,
    })),
  };
  const done = await openLane(context, 1).run(batch);
  return { done, opened: opened.mock.calls.map(([path]) => path) };
}

const outcomes = ({ results }: BatchResult): readonly unknown[] => results.map(({ outcome }) => outcome);

describe('small files that are compared', () => {
  it('are linked where they are as the manifest says, and copied where they are not', async () => {
    const { done, opened } = await compare({});
    expect(outcomes(done)).toEqual(['linked', 'copied', 'linked', 'copied']);
    for (const name of ['a-equal', 'c-equal'])
      expect(statSync(at('new/dir', name)).ino).toBe(statSync(at('basis/dir', name)).ino);
    expect(readFileSync(at('new/dir/b-changed'), 'utf8')).toBe('TWO');
    expect(readFileSync(at('new/dir/d-unlinkable'), 'utf8')).toBe('four');
    expect(readFileSync(at('basis/dir/b-changed'), 'utf8')).toBe('two');
    expect(done.results.map(({ comparedBytes }) => comparedBytes)).toEqual([3, 3, 5, 4]);
    expect(done.results.every(({ hash, readAt }) => hash !== undefined && readAt > 0)).toBe(true);
    expect(new Set(opened)).toEqual(new Set(['dir/b-changed', 'dir/d-unlinkable']));
  });

  it('are kept where they stand already', async () => {
    const { done, opened } = await compare({ otherwise: 'none', basis: -1 });
    expect(outcomes(done)).toEqual(['kept', 'copied', 'kept', 'kept']);
    expect(new Set(opened)).toEqual(new Set(['dir/b-changed']));
  });

  it('are looked at as others are where they changed since they were listed', async () => {
    const source = localEndpoint(fromText(join(root, 'source')));
    const [entry] = await source.list(p('dir'));
    if (entry === undefined) throw new Error('there is nothing');
    const changed = { ...entry, mtime: entry.mtime - 1_000_000 };
    const knownHash = (await loadXxh64Of())([Buffer.from(CONTENTS['a-equal'])]);
    const { opened } = await compare({ entry: changed, knownHash, otherwise: 'none' });
    expect(opened).toContain('dir/a-equal');
  });
});
