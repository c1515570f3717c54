import { beforeEach, expect, test } from 'vitest';
import inspection, {
  asClusterFinding,
  type ClusterInspectionSettings,
} from '../../../src/manager/page-inspection/cluster-inspection.ts';
import { confirmSuspects } from '../../../src/manager/page-inspection/confirm-suspects.ts';
import type { PageProblem } from '../../../src/postgres/page.ts';
import { pageChecksum } from '../../../src/postgres/page-checksum.ts';
import { MemoryEndpoint } from '../../../src/sync/endpoints/memory.ts';
import type { Entry } from '../../../src/sync/entry.ts';
import { byteString } from '../../../src/system/byte-string.ts';

const SIZE = 8192;
const LAYOUT = { blockSize: SIZE, relationSegmentBlocks: 4 };
/** The second file of a relation: its first page is the fifth one. */
const PATH = byteString('data/base/5/16384.1');

/** A page that the server wrote. */
function page(block: number, lsn: bigint, content: number): Buffer {
  const bytes = Buffer.from(new ArrayBuffer(SIZE)).fill(content, 24);
  bytes.writeUInt32LE(Number(lsn >> 32n), 0);
  bytes.writeUInt32LE(Number(lsn & 0xffff_ffffn), 4);
  bytes.writeUInt16LE(24, 12);
  bytes.writeUInt16LE(SIZE, 14);
  bytes.writeUInt16LE(SIZE, 16);
  bytes.writeUInt16LE(SIZE | 4, 18);
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, SIZE / 4);
  bytes.writeUInt16LE(pageChecksum(words, 0, SIZE, block), 8);
  return bytes;
}

function torn(bytes: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, 4096), Buffer.alloc(4096, 99)]);
}

let source: MemoryEndpoint;
let opened: number;
let onOpen: (look: number) => Promise<void>;

async function put(...pages: readonly Buffer[]): Promise<void> {
  await source.removeFile(PATH).catch(() => {});
  const file = await source.create(PATH);
  for (const bytes of pages) await file.write(bytes);
  await file.close();
}

async function inspected(...blocks: readonly Buffer[]) {
  const settings: ClusterInspectionSettings = { pages: LAYOUT, algorithms: ['CRC32C'] };
  const inspector = (await inspection(settings))(PATH, {} as Entry);
  let offset = 0;
  for (const block of blocks) {
    inspector?.block(block, offset);
    offset += block.length;
  }
  return asClusterFinding(inspector?.finish());
}

const confirm = (suspects: readonly PageProblem[]): Promise<PageProblem[]> =>
  confirmSuspects({
    source,
    path: PATH,
    suspects,
    layout: LAYOUT,
    startLsn: 1000n,
    flushedLsn: async () => 2000n,
    signal: new AbortController().signal,
  });

beforeEach(async () => {
  opened = 0;
  onOpen = async () => {};
  source = new MemoryEndpoint({
    before: async (operation) => {
      if (operation === 'openRead') await onOpen(opened++);
    },
  });
  for (const directory of ['data', 'data/base', 'data/base/5'])
    await source.makeDirectory(byteString(directory), 0o700);
});

test('pages are counted from the start of their relation, whatever the blocks they come in', async () => {
  const all = Buffer.concat([page(4, 900n, 1), torn(page(5, 900n, 2)), page(6, 950n, 3)]);
  const whole = await inspected(all);
  expect(whole?.pages).toMatchObject({ count: 3, suspectCount: 1, newestLsn: 950n });
  expect(whole?.pages?.suspects.map(({ block, kind }) => [block, kind])).toEqual([[5, 'checksum']]);
  expect(whole?.checksums.CRC32C).toMatch(/^[0-9a-f]{8}$/);
  expect(await inspected(all.subarray(0, 5), all.subarray(5, 10_001), all.subarray(10_001))).toEqual(whole);
});

test('what is no relation has no pages', async () => {
  const settings: ClusterInspectionSettings = { pages: LAYOUT, algorithms: [] };
  const inspect = await inspection(settings);
  for (const path of [
    'data/global/pg_control',
    'data/base/5/PG_VERSION',
    'data/base/5/t3_16384',
    'other/1259',
  ])
    expect(inspect(byteString(path), {} as Entry)).toBeUndefined();
  for (const path of ['data/global/1262', 'data/base/5/16384_vm', '16400/PG_15_202209061/5/16401'])
    expect(inspect(byteString(path), {} as Entry)).toBeDefined();
});

test('a page that stays damaged is', async () => {
  const bytes = torn(page(5, 900n, 2));
  await put(page(4, 900n, 1), bytes);
  const found = await inspected(page(4, 900n, 1), bytes);
  expect((await confirm(found?.pages?.suspects ?? [])).map(({ block }) => block)).toEqual([5]);
});

test('a page that is whole at a later look was being written', async () => {
  const bytes = torn(page(5, 900n, 2));
  await put(page(4, 900n, 1), bytes);
  const found = await inspected(page(4, 900n, 1), bytes);
  onOpen = async (look) => {
    if (look === 2) await put(page(4, 900n, 1), page(5, 1500n, 2));
  };
  expect(await confirm(found?.pages?.suspects ?? [])).toEqual([]);
});

test('WAL makes good what was changed since the backup began, but not what nobody can have written', async () => {
  const bytes = [torn(page(4, 1500n, 1)), torn(page(5, 9000n, 2))];
  await put(...bytes);
  const found = await inspected(...bytes);
  expect((await confirm(found?.pages?.suspects ?? [])).map(({ block }) => block)).toEqual([5]);
});

test('what was dropped or cut off meanwhile is nobody’s loss', async () => {
  const bytes = torn(page(5, 900n, 2));
  await put(page(4, 900n, 1), bytes);
  const { pages } = (await inspected(page(4, 900n, 1), bytes)) ?? {};
  await put(page(4, 900n, 1));
  expect(await confirm(pages?.suspects ?? [])).toEqual([]);
  await source.removeFile(PATH);
  expect(await confirm(pages?.suspects ?? [])).toEqual([]);
});
