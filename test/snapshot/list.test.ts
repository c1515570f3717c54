import { describe, expect, it } from 'vitest';
import { diffSnapshots } from '../../src/snapshot/diff.ts';
import { manifestPath, removedPath, unfinishedPath } from '../../src/snapshot/layout.ts';
import { listSnapshots } from '../../src/snapshot/list.ts';
import { MemoryEndpoint } from '../../src/sync/endpoints/memory.ts';
import { OLD, path, plant, read, record, write } from './support.ts';

const [A, B, C, D, E] = [1, 2, 3, 4, 5].map((n) => `2026110${n}T010000`) as [
  string,
  string,
  string,
  string,
  string,
];

async function repository() {
  const endpoint = new MemoryEndpoint({ name: '/repo' });
  await plant(endpoint, A, { f: 'one', 'd/': '', 'd/g': 'two', l: '-> f' });
  await record(endpoint, A, OLD);
  await plant(endpoint, B, { f: 'ONE!', 'd/': '', 'd/h': 'two' });
  await record(endpoint, B, OLD + 1);
  await plant(endpoint, C, {});
  await endpoint.makeDirectory(unfinishedPath(D), 0o700);
  await endpoint.makeDirectory(removedPath(E), 0o700);
  return endpoint;
}

describe('listSnapshots', () => {
  it('tells what is complete and what is not', async () => {
    const endpoint = await repository();
    expect(await listSnapshots(endpoint)).toMatchObject([
      {
        id: A,
        state: 'complete',
        totals: { files: 2, bytes: 6, directories: 1, symlinks: 1, finished: OLD },
      },
      { id: B, state: 'complete', totals: { files: 2, bytes: 7 } },
      { id: C, state: 'damaged', problem: { code: 'NOT_FOUND' } },
      { id: D, state: 'unfinished' },
      { id: E, state: 'removed' },
    ]);
  });

  it('calls a snapshot damaged whose manifest is cut off', async () => {
    const endpoint = await repository();
    const whole = await read(endpoint, manifestPath(A));
    await endpoint.removeFile(manifestPath(A));
    await write(endpoint, manifestPath(A), whole.subarray(0, -1).toString('latin1'));
    expect((await listSnapshots(endpoint))[0]).toMatchObject({
      id: A,
      state: 'damaged',
      problem: { code: 'MANIFEST_DAMAGED' },
    });
  });

  it('reads no more than the end of a manifest', async () => {
    const endpoint = new MemoryEndpoint();
    await plant(
      endpoint,
      A,
      Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`f${i * 7919}`, `${i}`])),
    );
    await record(endpoint, A);
    let asked = 0;
    const watched = new Proxy(endpoint, {
      get(target, key) {
        if (key !== 'openRead') return Reflect.get(target, key).bind?.(target) ?? Reflect.get(target, key);
        return async (at: typeof A) => {
          const file = await target.openRead(path(at));
          return {
            ...file,
            stat: () => file.stat(),
            close: () => file.close(),
            read: (start: number, end: number) => {
              asked += end - start;
              return file.read(start, end);
            },
          };
        };
      },
    });
    expect(await listSnapshots(watched)).toMatchObject([{ state: 'complete', totals: { files: 3000 } }]);
    expect(asked).toBeLessThan(5000);
  });

  it('finds nothing where there is nothing', async () => {
    expect(await listSnapshots(new MemoryEndpoint())).toEqual([]);
  });
});

describe('diffSnapshots', () => {
  it('adds up what differs', async () => {
    const told: string[] = [];
    const report = await diffSnapshots(await repository(), A, B, ({ path: at, kind }) =>
      told.push(`${kind} ${at}`),
    );
    expect(told).toEqual(['changed f', 'removed l', 'removed d/g', 'created d/h']);
    expect(report).toEqual({
      created: 1,
      changed: 1,
      removed: 2,
      createdBytes: 3,
      changedBytes: 4,
      removedBytes: 3,
    });
  });

  it.each([
    ['20261231T000000', 'SNAPSHOT_MISSING'],
    ['nonsense', 'SNAPSHOT_MISSING'],
    [C, 'SNAPSHOT_INCOMPLETE'],
    [D, 'SNAPSHOT_INCOMPLETE'],
    [E, 'SNAPSHOT_INCOMPLETE'],
  ])('refuses %s with %s', async (id, code) => {
    await expect(diffSnapshots(await repository(), A, id)).rejects.toMatchObject({ code });
    await expect(diffSnapshots(await repository(), id, A)).rejects.toMatchObject({ code });
  });
});
