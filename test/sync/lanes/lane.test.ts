import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { WriteFile } from '../../../src/sync/endpoint.ts';
import { MemoryEndpoint } from '../../../src/sync/endpoints/memory.ts';
import type { RelPath } from '../../../src/sync/entry.ts';
import { openLane } from '../../../src/sync/lanes/lane.ts';
import { openContext } from '../../../src/sync/lanes/open-context.ts';
import type { Batch } from '../../../src/sync/lanes/task.ts';
import { byteString } from '../../../src/system/byte-string.ts';
import { failure } from '../../../src/system/errors.ts';
import { writeFile } from '../../contract/files.ts';

const p = byteString;
const NAMES = ['a', 'b', 'c', 'd'].map(p);

/** A tree in which `hindrance` comes before each block of a file. */
class Hindered extends MemoryEndpoint {
  readonly #hindrance: (path: RelPath) => Promise<void>;

  constructor(hindrance: (path: RelPath) => Promise<void>) {
    super();
    this.#hindrance = hindrance;
  }

  override async create(path: RelPath): Promise<WriteFile> {
    const file = await super.create(path);
    return { ...file, write: (block) => this.#hindrance(path).then(() => file.write(block)) };
  }
}

function gate(): { readonly passed: Promise<void>; readonly open: () => void } {
  let open = (): void => {};
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open: () => open() };
}

/** A lane of two at once, with four files to copy. */
async function laneInto(destination: Hindered, signal: AbortSignal) {
  const source = new MemoryEndpoint();
  for (const name of NAMES) await writeFile(source, name, Buffer.alloc(3000, name));
  const context = await openContext({
    options: {
      base: p(''),
      bases: [],
      direct: true,
      fsync: false,
      hashes: false,
      dryRun: false,
      rereads: 0,
      nameMax: 255,
    },
    destination,
    openSource: async () => source,
    inspection: undefined,
    bandwidth: undefined,
    signal,
    onBytes: () => {},
  });
  const batch: Batch = {
    root: 0,
    directory: p(''),
    links: undefined,
    tasks: (await source.list(p(''))).map((entry) => ({
      do: 'copy',
      entry,
      sourceName: undefined,
      attributes: {},
      replaces: false,
      basis: -1,
      knownHash: undefined,
      otherwise: 'none',
      shared: false,
    })),
  };
  return { lane: openLane(context, 2), batch };
}

describe('a lane', () => {
  it('tells what ends the run once, however much is still under way or waits', async () => {
    const rest = gate();
    const tree = new Hindered((path) =>
      path === 'a' ? Promise.reject(failure('NO_SPACE', { path: 'a' })) : rest.passed,
    );
    const { lane, batch } = await laneInto(tree, new AbortController().signal);
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    try {
      const running = lane.run(batch);
      running.catch(() => {});
      for (let i = 0; i < 10; i++) await turn();
      rest.open();
      await expect(running).rejects.toMatchObject({ code: 'NO_SPACE' });
      expect(unhandled).toEqual([]);
      expect((await tree.list(p(''))).map(({ name }) => name)).toEqual(['b', 'c', 'd']);
    } finally {
      process.off('unhandledRejection', note);
    }
  });

  it('is closed when what was aborted has put away what it had begun', async () => {
    const abort = new AbortController();
    const all = gate();
    const tree = new Hindered(() => all.passed);
    const { lane, batch } = await laneInto(tree, abort.signal);
    const running = lane.run(batch);
    running.catch(() => {});
    for (let i = 0; i < 10; i++) await turn();
    expect(await tree.list(p(''))).toHaveLength(2);
    abort.abort();
    const closed = lane.close();
    all.open();
    await closed;
    expect(await tree.list(p(''))).toEqual([]);
    await expect(running).rejects.toMatchObject({ code: 'ABORTED' });
  });
});
