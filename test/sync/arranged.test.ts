import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { shareBandwidth } from '../../src/sync/bandwidth.ts';
import type { WholeFiles } from '../../src/sync/endpoint.ts';
import { arrangedEndpoint } from '../../src/sync/endpoints/arranged.ts';
import { localEndpoint } from '../../src/sync/endpoints/local.ts';
import { MemoryEndpoint } from '../../src/sync/endpoints/memory.ts';
import type { Entry, RelPath } from '../../src/sync/entry.ts';
import { byteString, fromText } from '../../src/system/byte-string.ts';
import { failure } from '../../src/system/errors.ts';

const signal = new AbortController().signal;
const path = byteString;

async function plant(): Promise<MemoryEndpoint> {
  const tree = new MemoryEndpoint();
  for (const directory of ['srv', 'srv/data', 'srv/data/base', 'mnt', 'mnt/space'])
    await tree.makeDirectory(path(directory), 0o700);
  for (const name of ['srv/data/one', 'mnt/space/two']) {
    const file = await tree.create(path(name));
    await file.write(Buffer.from(name));
    await file.close();
  }
  await tree.symlink(path('srv/data/link'), path('/mnt/space'));
  return tree;
}

describe('an arranged tree', () => {
  it('shows directories of another one under names of its own, also inside each other', async () => {
    const tree = arrangedEndpoint(
      await plant(),
      [
        { at: path('data'), path: path('srv/data') },
        { at: path('data/link'), path: path('mnt/space') },
        { at: path('16400'), path: path('mnt/space'), bandwidth: shareBandwidth(1e9) },
      ],
      signal,
    );
    const names = async (directory: string) =>
      (await tree.list(path(directory))).map(({ name, type }) => `${name} ${type}`);
    expect(await names('')).toEqual(['16400 directory', 'data directory']);
    expect(await names('data')).toEqual(['base directory', 'link directory', 'one file']);
    expect(await names('data/link')).toEqual(['two file']);
    expect(await tree.lookup(path('data/link/two'))).toMatchObject({ type: 'file', size: 13 });
    expect(await tree.lookup(path('other'))).toBeUndefined();
    expect((await tree.follow(path('')))?.type).toBe('directory');
    for (const name of ['data/link/two', '16400/two']) {
      const file = await tree.openRead(path(name));
      const blocks: Buffer[] = [];
      for await (const block of file.read(0, 100)) blocks.push(Buffer.from(block));
      await file.close();
      expect(Buffer.concat(blocks).toString()).toBe('mnt/space/two');
    }
    expect([tree.readWhole, tree.readMany]).toEqual([undefined, undefined]);
    await expect(tree.create(path('data/new'))).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    await expect(tree.openRead(path('data/none'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('gives small files at once where the tree beneath does, unless it has a limit to keep', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'cellarman-arranged-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    writeFileSync(join(directory, 'one'), 'content');
    const beneath = localEndpoint(fromText(tmpdir()));
    const told: unknown[] = [];
    const far = Object.assign(new MemoryEndpoint(), {
      readMany: async (from: RelPath, files: readonly Entry[], { take }: WholeFiles): Promise<void> => {
        for (const [index, after] of files.entries()) take(index, { blocks: [Buffer.from(from)], after });
      },
    });
    const taker: WholeFiles = {
      take: (index, { blocks }) => told.push([index, Buffer.concat(blocks).toString()]),
      miss: (index, error) => told.push([index, error]),
    };
    const parts = [
      { at: path('data'), path: fromText(basename(directory)) },
      { at: path('slow'), path: fromText(basename(directory)), bandwidth: shareBandwidth(1e9) },
    ];
    const near = arrangedEndpoint(beneath, parts, signal);
    expect(near.readMany).toBeUndefined();
    expect(near.readWhole?.(path('data/one'), 7)?.blocks.map(String)).toEqual(['content']);
    expect(near.readWhole?.(path('slow/one'), 7)).toBeUndefined();
    expect(near.readWhole?.(path('other/one'), 7)).toBeUndefined();
    const [entry] = await near.list(path('data'));
    if (entry === undefined) throw failure('INTERNAL', { detail: 'nothing is listed' });
    const distant = arrangedEndpoint(far, parts, signal);
    expect(distant.readWhole).toBeUndefined();
    await distant.readMany?.(path('data'), [entry], taker);
    await distant.readMany?.(path('slow'), [entry, entry], taker);
    expect(told).toEqual([
      [0, basename(directory)],
      [0, undefined],
      [1, undefined],
    ]);
    await near.close();
  });
});
