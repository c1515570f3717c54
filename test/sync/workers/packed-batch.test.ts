import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Entry } from '../../../src/sync/entry.ts';
import type { Batch, Task } from '../../../src/sync/lanes/task.ts';
import { packBatch, unpackBatch } from '../../../src/sync/workers/packed-batch.ts';
import { byteString } from '../../../src/system/byte-string.ts';

const number = fc.integer({ min: -2, max: 2 ** 53 - 1 });
const name = fc
  .string({ unit: fc.integer({ min: 1, max: 255 }).map((byte) => String.fromCharCode(byte)), minLength: 1 })
  .filter((text) => !text.includes('/'))
  .map(byteString);
const identity = fc.record({ device: number, inode: number, links: number, changed: number });
const entry: fc.Arbitrary<Entry> = fc.record({
  name,
  type: fc.constantFrom('file' as const, 'file' as const, 'symlink' as const),
  mode: fc.constantFrom(0o644, 0o4755),
  size: number,
  mtime: number,
  uid: number,
  gid: number,
  target: fc.option(name, { nil: undefined, freq: 8 }),
  identity: fc.option(identity, { nil: undefined, freq: 8 }),
});
/** Mostly what most tasks are, and with its file's own attributes. */
const mostly = <T>(usual: T, other: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight: 20, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: other });
const task: fc.Arbitrary<Task> = entry.chain((of) =>
  fc.record({
    do: mostly<Task['do']>('copy', fc.constantFrom('compare', 'link', 'hash', 'attributes', 'symlink')),
    entry: fc.constant(of),
    sourceName: mostly<Task['sourceName']>(undefined, name),
    attributes: fc.record({
      mode: fc.option(mostly(of.mode, number), { nil: undefined }),
      mtime: fc.option(mostly(of.mtime, number), { nil: undefined }),
      uid: fc.option(mostly(of.uid, number), { nil: undefined }),
      gid: fc.option(mostly(of.gid, number), { nil: undefined }),
    }),
    replaces: mostly(false, fc.constant(true)),
    basis: mostly(-1, fc.nat(2)),
    knownHash: mostly<string | undefined>(undefined, fc.constant('0123456789abcdef')),
    otherwise: mostly<Task['otherwise']>('none', fc.constantFrom('link', 'copy')),
    shared: mostly(false, fc.constant(true)),
  }),
);
const batch: fc.Arbitrary<Batch> = fc.record({
  root: fc.nat(3),
  directory: name,
  tasks: fc.oneof(
    fc.array(task, { maxLength: 40 }),
    fc.array(
      task.map((one): Task => (one.do === 'copy' ? { ...one, do: 'hash' } : one)),
      { maxLength: 40 },
    ),
    fc.array(
      fc
        .tuple(task, fc.option(fc.constant('fedcba9876543210'), { nil: undefined }))
        .map(
          ([one, knownHash]): Task =>
            one.do === 'copy' ? { ...one, do: 'compare', basis: 1, knownHash, otherwise: 'link' } : one,
        ),
      { maxLength: 40 },
    ),
  ),
  links: fc.option(fc.record({ basis: fc.nat(2), names: fc.array(name), sizes: fc.array(number) }), {
    nil: undefined,
  }),
});

test('a batch is the same on the other side', () => {
  fc.assert(
    fc.property(batch, (one) => {
      expect(unpackBatch(structuredClone(packBatch(one)))).toEqual(one);
    }),
    { numRuns: 1000 },
  );
});
