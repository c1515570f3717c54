import { describe, expect, it } from 'vitest';
import { removedPath } from '../../src/snapshot/layout.ts';
import { listSnapshots } from '../../src/snapshot/list.ts';
import { judgeRepository, type PruneReport, pruneSnapshots } from '../../src/snapshot/prune.ts';
import { parseRetention } from '../../src/snapshot/retention.ts';
import { MemoryEndpoint, type MemoryOptions } from '../../src/sync/endpoints/memory.ts';
import { dump, OLD, path, plant, record, SECOND } from './support.ts';

const IDS = [1, 2, 3, 4].map((n) => `2026110${n}T010000`);
const [A = '', B = '', C = '', D = ''] = IDS;
const ONE = parseRetention('REDUNDANCY 1');
const TWO = parseRetention('REDUNDANCY 2');

/** Four snapshots that share a file, a link and nothing else. */
async function repository(options?: MemoryOptions) {
  const endpoint = new MemoryEndpoint(options);
  for (const [i, id] of IDS.entries()) {
    await plant(endpoint, id, { 'd/': '', 'd/own': id, 'd/e/': '', 'd/e/f': 'x', '.hidden': id });
    const shared = ['shared', 'd/shared'] as const;
    for (const name of shared) {
      if (i === 0) await plantFile(endpoint, `${id}/${name}`);
      else await endpoint.link(path(`${A}/${name}`), path(`${id}/${name}`));
    }
    await endpoint.setAttributes(path(`${id}/d`), { mode: 0o555, mtime: OLD });
    await record(endpoint, id, OLD + i * SECOND);
  }
  return endpoint;
}

async function plantFile(endpoint: MemoryEndpoint, at: string): Promise<void> {
  const file = await endpoint.create(path(at));
  await file.write(Buffer.from('shared'));
  await file.setAttributes({ mode: 0o4711, mtime: OLD, uid: 7, gid: 8 });
  await file.close();
}

const idsOf = ({ removed }: PruneReport): string[] => removed.map(({ id }) => id);

describe('pruneSnapshots', () => {
  it('removes what the policy lets go, the oldest first, and nothing else', async () => {
    const endpoint = await repository();
    const before = await dump(endpoint);
    const gone: string[] = [];
    const report = await pruneSnapshots(endpoint, TWO, { onRemoved: ({ id }) => gone.push(id) });
    expect(idsOf(report)).toEqual([A, B]);
    expect(gone).toEqual([A, B]);
    expect((await listSnapshots(endpoint)).map(({ id, state }) => [id, state])).toEqual([
      [C, 'complete'],
      [D, 'complete'],
    ]);
    // Content, attributes, inodes of all that is left are what they were, and nothing of the others is there.
    const isLeft = (at: string): boolean => at !== '.cellarman' && !at.includes(A) && !at.includes(B);
    const left = (all: Record<string, unknown>) => Object.entries(all).filter(([at]) => isLeft(at));
    expect(left(await dump(endpoint))).toEqual(left(before));
    expect(Object.keys(await dump(endpoint)).filter((at) => at.includes(A) || at.includes(B))).toEqual([]);
  });

  it('gives its reasons, and changes nothing when it only judges', async () => {
    const endpoint = await repository();
    const before = await dump(endpoint);
    const { verdicts, removed } = await judgeRepository(endpoint, ONE);
    expect(verdicts.map(({ id, keep }) => [id, keep])).toEqual([
      [D, true],
      [C, false],
      [B, false],
      [A, false],
    ]);
    expect(removed).toEqual([
      { id: A, reason: 'there are 3 newer ones' },
      { id: B, reason: 'there are 2 newer ones' },
      { id: C, reason: 'there is a newer one' },
    ]);
    expect(await dump(endpoint)).toEqual(before);
  });

  it('counts a snapshot that is going to be made', async () => {
    const endpoint = await repository();
    const planned = [{ id: '20261105T010000', finished: OLD + 100 * SECOND }];
    expect(idsOf(await judgeRepository(endpoint, ONE, planned))).toEqual([A, B, C, D]);
  });

  it('neither counts nor removes what is not complete', async () => {
    const endpoint = await repository();
    await endpoint.removeFile(path(`.cellarman/${D}.manifest.gz`));
    await endpoint.makeDirectory(path('.unfinished-20261106T010000'), 0o700);
    expect(idsOf(await pruneSnapshots(endpoint, ONE))).toEqual([A, B]);
    expect((await listSnapshots(endpoint)).map(({ id }) => id)).toEqual([C, D, '20261106T010000']);
  });

  it('is never seen half-done: whatever call fails, a snapshot is complete and whole, or none', async () => {
    for (let failing = 1; ; failing++) {
      let calls = Number.NEGATIVE_INFINITY;
      const endpoint = await repository({
        before: () => {
          if (++calls === failing) throw new Error('power cut');
        },
      });
      const whole = await dump(endpoint);
      calls = 0;
      const outcome = await pruneSnapshots(endpoint, ONE).then(
        () => 'done',
        () => 'failed',
      );
      calls = Number.NEGATIVE_INFINITY;
      for (const { id, state } of await listSnapshots(endpoint)) {
        if (state === 'complete') {
          const of = (all: Record<string, unknown>) =>
            Object.entries(all).filter(([at]) => at.startsWith(`${id}/`));
          expect(of(await dump(endpoint)), `call ${failing}`).toEqual(of(whole));
        } else expect(state).toBe('removed');
      }
      // The next prune ends what this one began.
      await pruneSnapshots(endpoint, ONE);
      expect((await listSnapshots(endpoint)).map(({ id }) => id)).toEqual([D]);
      expect(Object.keys(await dump(endpoint)).filter((at) => at.startsWith('.removed'))).toEqual([]);
      if (outcome === 'done') break;
    }
  });

  it('ends a removal of which only the tree is left', async () => {
    const endpoint = await repository();
    await endpoint.rename(path(A), removedPath(A));
    expect((await pruneSnapshots(endpoint, parseRetention('REDUNDANCY 9'))).removed).toEqual([
      { id: A, reason: 'its removal had been begun' },
    ]);
    expect(Object.keys(await dump(endpoint)).filter((at) => at.includes(A))).toEqual([]);
  });

  it('stops between two names when it is aborted', async () => {
    const endpoint = await repository();
    const abort = new AbortController();
    const pruning = pruneSnapshots(endpoint, ONE, { signal: abort.signal, onRemoved: () => abort.abort() });
    await expect(pruning).rejects.toMatchObject({ code: 'ABORTED' });
    expect((await listSnapshots(endpoint)).map(({ id }) => id)).toEqual([B, C, D]);
  });
});
