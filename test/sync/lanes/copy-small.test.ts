import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Endpoint, NewFile, NewFiles } from '../../../src/sync/endpoint.ts';
import { localEndpoint } from '../../../src/sync/endpoints/local.ts';
import { MemoryEndpoint } from '../../../src/sync/endpoints/memory.ts';
import type { RelPath } from '../../../src/sync/entry.ts';
import { openLane } from '../../../src/sync/lanes/lane.ts';
import { openContext } from '../../../src/sync/lanes/open-context.ts';
import type { BatchResult } from '../../../src/sync/lanes/task.ts';
import { joinPath } from '../../../src/sync/path.ts';
import { byteString, fromText } from '../../../src/system/byte-string.ts';
import { readFile, writeFile } from '../../contract/files.ts';

const p = byteString;

/** A tree that takes small files at once, and does `before` each. */
class Far extends MemoryEndpoint {
  readonly atOnce: string[] = [];
  before = (_name: string): void => {};

  async makeMany(directory: RelPath, files: readonly NewFile[], maker: NewFiles): Promise<void> {
    for (const [index, { name, by }] of files.entries()) {
      this.before(name);
      const content = maker.content(index);
      if (content === undefined) {
        maker.miss(index);
        continue;
      }
      await writeFile(
        this,
        joinPath(directory, by ?? name),
        Buffer.concat(content.blocks),
        content.attributes,
      );
      if (by !== undefined) await this.rename(joinPath(directory, by), joinPath(directory, name));
      this.atOnce.push(name);
      maker.made(index);
    }
  }
}

describe('small files that are pushed', () => {
  let here: string;
  let source: Endpoint;
  let far: Far;
  let bytes: number;
  const abort = new AbortController();

  beforeEach(() => {
    here = mkdtempSync(join(tmpdir(), 'cellarman-push-'));
    source = localEndpoint(fromText(here));
    far = new Far();
    bytes = 0;
  });
  afterEach(async () => {
    await source.close();
    rmSync(here, { recursive: true });
  });

  async function push(signal = abort.signal): Promise<BatchResult> {
    const context = await openContext({
      options: {
        base: p(''),
        bases: [],
        direct: false,
        fsync: true,
        hashes: true,
        dryRun: false,
        rereads: 2,
        nameMax: 255,
      },
      destination: far,
      openSource: async () => source,
      inspection: undefined,
      bandwidth: undefined,
      signal,
      onBytes: (count) => {
        bytes += count;
      },
    });
    return await openLane(context, 8).run({
      root: 0,
      directory: p(''),
      links: undefined,
      tasks: (await source.list(p(''))).map((entry) => ({
        do: 'copy',
        entry,
        sourceName: undefined,
        attributes: { mode: 0o640 },
        replaces: false,
        basis: -1,
        knownHash: undefined,
        otherwise: 'none',
        shared: false,
      })),
    });
  }
  const plant = (...names: string[]): void => {
    for (const name of names) writeFileSync(join(here, name), `content of ${name}`);
  };

  it('arrive, and are told like those that go the long way', async () => {
    plant('a', 'b');
    writeFileSync(join(here, 'large'), Buffer.alloc(300_000, 7));
    const { results } = await push();
    expect(far.atOnce).toEqual(['a', 'b']);
    expect(results.map(({ outcome, error }) => error ?? outcome)).toEqual(['copied', 'copied', 'copied']);
    expect(new Set(results.map(({ hash }) => hash)).size).toBe(3);
    expect((await readFile(far, p('b'))).toString()).toBe('content of b');
    expect(await far.lookup(p('b'))).toMatchObject({ mode: 0o640 });
    expect(bytes).toBe(2 * 'content of a'.length + 300_000);
  });

  it('are read again where they have changed since they were listed', async () => {
    plant('a', 'b');
    far.before = (name) => {
      if (name !== 'b') return;
      writeFileSync(join(here, 'b'), 'CONTENT OF B');
      utimesSync(join(here, 'b'), 1_000_000_000, 1_000_000_000);
    };
    const { results } = await push();
    expect(far.atOnce).toEqual(['a']);
    expect(results[1]).toMatchObject({ outcome: 'copied', torn: false, entry: { mtime: 1e15 } });
    expect((await readFile(far, p('b'))).toString()).toBe('CONTENT OF B');
  });

  it('are told as vanished where they are gone, and the others go on', async () => {
    plant('a', 'b', 'c');
    far.before = (name) => {
      if (name === 'b') rmSync(join(here, 'b'));
    };
    const { results } = await push();
    expect(results.map(({ outcome, error }) => error?.code ?? outcome)).toEqual([
      'copied',
      'VANISHED',
      'copied',
    ]);
    expect(await far.list(p(''))).toHaveLength(2);
  });

  it('end where the run is given up', async () => {
    plant('a', 'b', 'c');
    const given = new AbortController();
    far.before = (name) => {
      if (name === 'b') given.abort();
    };
    await expect(push(given.signal)).rejects.toMatchObject({ code: 'ABORTED' });
    expect(far.atOnce).toEqual(['a']);
    expect(await far.list(p(''))).toHaveLength(1);
  });
});
