import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { totalsFromTail } from '../../../src/sync/manifest/totals.ts';
import { byteString } from '../../../src/system/byte-string.ts';
import { entry, listing, read, split, write } from './support.ts';

const SAMPLE = [
  listing(
    '',
    entry('a', { type: 'symlink', target: byteString('b') }),
    entry('grün\xff', { racy: true }),
    entry('sub', { type: 'directory' }),
  ),
  listing('sub', entry('x', { identity: { device: 1, inode: 2, links: 1, changed: 3 } })),
];
const bytes = await write(SAMPLE);
const text = gunzipSync(bytes);
const DAMAGED = { code: 'MANIFEST_DAMAGED' };
const readText = (changed: Uint8Array) => read(split(gzipSync(changed, { level: 0 })));

describe('a damaged manifest', () => {
  it('is noticed when it is cut off, at any byte', async () => {
    for (let length = 0; length < bytes.length; length++) {
      await expect(read(split(bytes.subarray(0, length))), `cut at ${length}`).rejects.toMatchObject(DAMAGED);
      expect(totalsFromTail(bytes.subarray(0, length))).toBeUndefined();
    }
    for (let length = 0; length < text.length; length++) {
      await expect(readText(text.subarray(0, length)), `cut at ${length}`).rejects.toMatchObject(DAMAGED);
    }
  });

  it('is noticed when any bit of the text is flipped', async () => {
    for (const at of text.keys()) {
      const flipped = async (bit: number) => {
        const changed = Buffer.from(text);
        changed[at] = (changed[at] ?? 0) ^ (1 << bit);
        // A flipped bit in the first line may make it a manifest of another version: refused as well.
        await expect(readText(changed), `byte ${at}, bit ${bit}`).rejects.toMatchObject({
          code: expect.stringMatching(/^MANIFEST_(DAMAGED|UNSUPPORTED)$/),
        });
      };
      await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map(flipped));
    }
  });

  it('is noticed when any bit of the file is flipped, unless nothing read depends on that bit', async () => {
    let harmless = 0;
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      try {
        expect((await read(split(changed))).listings).toEqual(SAMPLE);
        harmless++;
      } catch (error) {
        expect(error, `bit ${bit}`).toMatchObject({ code: 'MANIFEST_DAMAGED' });
      }
    }
    // Time, flags and system in the two gzip headers, and padding behind the last deflate blocks.
    expect(harmless).toBeLessThan(2 * 8 * 8);
  });

  it.each([
    ['what is no gzip file', Buffer.from('hello')],
    ['an empty file', Buffer.alloc(0)],
    ['another text', gzipSync('hello\n')],
    ['the end alone', gzipSync(text.subarray(text.indexOf('\nend\n')))],
    ['something behind the end', Buffer.concat([bytes, gzipSync('more\n')])],
    ['a manifest behind the manifest', Buffer.concat([bytes, bytes])],
    ['a line of 100 MB', gzipSync(Buffer.alloc(100_000_000, 'a'))],
  ])('is %s', async (_, file) => {
    await expect(read(split(file))).rejects.toMatchObject(DAMAGED);
  });

  it('of a later version is told apart', async () => {
    const later = text.toString('latin1').replace('manifest 1\n', 'manifest 2\n');
    await expect(readText(Buffer.from(later, 'latin1'))).rejects.toMatchObject({
      code: 'MANIFEST_UNSUPPORTED',
      facts: { version: '2' },
    });
  });
});

describe('a manifest made up by someone', () => {
  it.each([
    ['..', [listing('', entry('..'))]],
    ['.', [listing('', entry('.'))]],
    ['a slash', [listing('', entry('a/b'))]],
    ['a NUL', [listing('', entry('a\0b'))]],
    ['no name', [listing('', entry(''))]],
    ['.. in a path', [listing('', entry('a')), listing('a/../..')]],
    ['an absolute path', [listing('/etc')]],
    ['a path that ends in a slash', [listing('a/')]],
    ['names out of order', [listing('', entry('b'), entry('a'))]],
    ['a name twice', [listing('', entry('a'), entry('a'))]],
    ['directories out of order', [listing('a-b'), listing('a/c')]],
    ['a directory twice', [listing('a'), listing('a')]],
  ])('with %s is refused although its sum is right', async (_, listings) => {
    await expect(read(split(await write(listings)))).rejects.toMatchObject(DAMAGED);
  });
});
