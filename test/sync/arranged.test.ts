import { describe, expect, it } from 'vitest';
import { shareBandwidth } from '../../src/sync/bandwidth.ts';
import { arrangedEndpoint } from '../../src/sync/endpoints/arranged.ts';
import { MemoryEndpoint } from '../../src/sync/endpoints/memory.ts';
import { byteString } from '../../src/system/byte-string.ts';

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
    await expect(tree.create(path('data/new'))).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    await expect(tree.openRead(path('data/none'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
