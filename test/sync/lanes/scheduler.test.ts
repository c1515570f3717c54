import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { Batching, type NotedBatch } from '../../../src/sync/batching.ts';
import type { Entry } from '../../../src/sync/entry.ts';
import { Scheduler } from '../../../src/sync/lanes/scheduler.ts';
import type { Lane } from '../../../src/sync/lanes/task.ts';
import { byteString } from '../../../src/system/byte-string.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const LANE: Lane = { depth: 1, run: async () => ({ results: [], unlinked: [] }), close: async () => {} };
const ENTRY: Entry = {
  name: byteString('file'),
  type: 'file',
  mode: 0o644,
  size: 0,
  mtime: 0,
  uid: 0,
  gid: 0,
  target: undefined,
  identity: undefined,
};

function batchOf(note: object): NotedBatch<object> {
  const batching = new Batching<object>(byteString(''));
  batching.link(0, 0, ENTRY, note);
  return batching.batches(0)[0] as NotedBatch<object>;
}

it('keeps nothing of what is done: a million notes would stay in memory', async () => {
  const scheduler = new Scheduler<object>([LANE], () => {});
  const notes: WeakRef<object>[] = [];
  for (let i = 0; i < 100; i++) {
    const note = {};
    notes.push(new WeakRef(note));
    await scheduler.add(batchOf(note));
  }
  await scheduler.drain();
  await new Promise(setImmediate);
  collectGarbage();
  expect(notes.filter((note) => note.deref() !== undefined).length).toBeLessThan(5);
});
