import { expect, test } from 'vitest';
import { MemoryEndpoint } from '../../src/sync/endpoints/memory.ts';
import type { Entry } from '../../src/sync/entry.ts';
import { openLanes } from '../../src/sync/lanes/open-lanes.ts';
import type { Task } from '../../src/sync/lanes/task.ts';
import { ROOT } from '../../src/sync/path.ts';
import { byteString } from '../../src/system/byte-string.ts';

const options = {
  base: ROOT,
  bases: [],
  direct: true,
  fsync: false,
  hashes: true,
  dryRun: false,
  rereads: 1,
  nameMax: 255,
};
const inspection = {
  module: new URL('../support/sum-inspection.ts', import.meta.url).href,
  settings: 'dull',
};
const quiet = { onBytes: () => {}, onLost: () => {} };

async function put(endpoint: MemoryEndpoint, name: string, content: string): Promise<void> {
  const file = await endpoint.create(byteString(name));
  await file.write(Buffer.from(content));
  await file.close();
}

async function taskOf(
  work: Task['do'],
  endpoint: MemoryEndpoint,
  name: string,
  wishes: Partial<Task> = {},
): Promise<Task> {
  const entry = (await endpoint.lookup(byteString(name))) as Entry;
  return {
    do: work,
    entry,
    sourceName: undefined,
    attributes: {},
    replaces: false,
    basis: -1,
    knownHash: undefined,
    otherwise: 'none',
    shared: false,
    ...wishes,
  };
}

test('every content that is read is inspected, whatever it is read for', async () => {
  const source = new MemoryEndpoint();
  const destination = new MemoryEndpoint();
  for (const name of ['new', 'same', 'other', 'dull']) await put(source, name, `content of ${name}`);
  for (const name of ['same', 'here']) await put(destination, name, `content of ${name}`);
  await put(destination, 'other', 'content that differs');
  await using lanes = await openLanes({
    sources: [{ endpoint: source, spec: undefined }],
    destination: { endpoint: destination, spec: undefined },
    options,
    inspection,
    bandwidth: undefined,
    jobs: 1,
    signal: new AbortController().signal,
    listener: quiet,
  });
  const result = await lanes.lanes[0]?.run({
    root: 0,
    directory: ROOT,
    links: undefined,
    tasks: [
      await taskOf('copy', source, 'new'),
      await taskOf('compare', source, 'same'),
      await taskOf('compare', source, 'other', { replaces: true }),
      await taskOf('hash', destination, 'here'),
      await taskOf('copy', source, 'dull'),
      await taskOf('attributes', destination, 'same', { knownHash: 'as before' }),
    ],
  });
  expect(result?.results.map(({ outcome, finding }) => ({ outcome, finding }))).toEqual([
    { outcome: 'copied', finding: { bytes: 14, gap: false } },
    { outcome: 'kept', finding: { bytes: 15, gap: false } },
    { outcome: 'copied', finding: { bytes: 16, gap: false } },
    { outcome: 'kept', finding: { bytes: 15, gap: false } },
    { outcome: 'copied', finding: undefined },
    { outcome: 'made', finding: undefined },
  ]);
});

test('what is found in a file that is read once more is what was read last', async () => {
  const destination = new MemoryEndpoint();
  let opened = 0;
  const source = new MemoryEndpoint({
    before: async (operation) => {
      // It grows after it was listed, so the first reading is dropped.
      if (operation !== 'openRead' || opened++ > 0) return;
      await source.removeFile(byteString('file'));
      await put(source, 'file', 'longer than before');
    },
  });
  await put(source, 'file', 'short');
  await using lanes = await openLanes({
    sources: [{ endpoint: source, spec: undefined }],
    destination: { endpoint: destination, spec: undefined },
    options,
    inspection,
    bandwidth: undefined,
    jobs: 1,
    signal: new AbortController().signal,
    listener: quiet,
  });
  const tasks = [await taskOf('copy', source, 'file')];
  const result = await lanes.lanes[0]?.run({ root: 0, directory: ROOT, links: undefined, tasks });
  expect(result?.results[0]?.finding).toEqual({ bytes: 18, gap: false });
});
