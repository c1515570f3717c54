import { stat } from 'node:fs/promises';
import { segmentStart } from '../../postgres/segment.ts';
import { createWalReader } from '../../postgres/wal/reader.ts';
import { historyFileName } from '../../postgres/wal-file-name.ts';
import type { Bandwidth } from '../../sync/bandwidth.ts';
import type { Endpoint } from '../../sync/endpoint.ts';
import type { Entry, RelPath } from '../../sync/entry.ts';
import { joinPath } from '../../sync/path.ts';
import { checkAborted } from '../../system/abort.ts';
import { byteString, fromText } from '../../system/byte-string.ts';
import { failure, isFailure } from '../../system/errors.ts';
import type { Compression } from '../wal/compression/compression.ts';
import type { WalPlan } from './plan.ts';
import { readWhole } from './read-wal.ts';
import type { ArchivedSegment, WalArchive } from './wal-archive.ts';
import { writeFile } from './write-file.ts';

export interface WalOrder {
  readonly plan: WalPlan;
  readonly archive: WalArchive;
  readonly compression: Compression;
  readonly endpoint: Endpoint;
  /** It exists; whatever else is in it is removed. */
  readonly directory: RelPath;
  /** It is a pg_wal: the server must not archive these files again. */
  readonly markArchived: boolean;
  /** What stands under its name, with the time of the archive's file, is of a run that was stopped, and good. */
  readonly trustStanding: boolean;
  readonly bandwidth: Bandwidth | undefined;
  readonly onBytes: (count: number) => void;
  readonly signal: AbortSignal;
}

/** Segments under way at once; of large ones fewer, since each is in memory. */
const WIDTH = 4;
const LARGE = 64 * 1024 * 1024;
/** Microseconds. */
const MILLISECOND = 1000;
const STATUS = byteString('archive_status');
const SUMMARIES = byteString('summaries');

/** Copies segments, decompressed, with every record in them checked, and history files; all on the disk at the end. WAL_DAMAGED. */
export async function copyWal(order: WalOrder): Promise<void> {
  const { plan, archive, endpoint, directory, markArchived, trustStanding } = order;
  const names = new Set<string>([
    ...plan.segments.map(({ name }) => name),
    ...plan.histories.map(historyFileName),
  ]);
  const standing = await tidy(endpoint, directory, trustStanding ? names : new Set());
  const status = joinPath(directory, STATUS);
  if (markArchived) await makeDirectory(endpoint, status);

  const finish = async (name: string): Promise<void> => {
    if (markArchived)
      await writeFile(endpoint, joinPath(status, fromText(`${name}.done`)), Buffer.alloc(0), { mode: 0o600 });
  };
  for (const timeline of plan.histories) {
    const text = Buffer.from((await archive.history(timeline)) ?? '', 'latin1');
    await put(order, historyFileName(timeline), archive.historyPath(timeline), text);
    await finish(historyFileName(timeline));
  }
  let next = 0;
  const work = async (): Promise<void> => {
    for (let segment = plan.segments[next++]; segment !== undefined; segment = plan.segments[next++]) {
      checkAborted(order.signal);
      if (!(await isStill(order, standing.get(segment.name), segment))) {
        const bytes = await readWhole(order.compression, segment, archive.segmentSize);
        checkRecords(segment, bytes, plan, archive.segmentSize);
        await put(order, segment.name, segment.path, bytes);
      }
      await finish(segment.name);
    }
  };
  const width = archive.segmentSize > LARGE ? 1 : WIDTH;
  await Promise.all(Array.from({ length: width }, work));
  if (markArchived) await endpoint.syncDirectory(status);
  await endpoint.syncDirectory(directory);
}

/** Under the same name there may be more by now: a segment was archived whole that had been given up half-written. */
async function isStill(
  { endpoint, archive }: WalOrder,
  entry: Entry | undefined,
  { path }: ArchivedSegment,
): Promise<boolean> {
  if (entry?.size !== archive.segmentSize) return false;
  const precision = Math.max(endpoint.capabilities.mtimePrecision, MILLISECOND);
  return Math.abs(entry.mtime - (await stat(path)).mtimeMs * 1000) < precision;
}

async function put(
  { endpoint, directory, bandwidth, onBytes, signal }: WalOrder,
  name: string,
  from: string,
  bytes: Uint8Array,
): Promise<void> {
  const { mtimeMs } = await stat(from);
  await writeFile(
    endpoint,
    joinPath(directory, fromText(name)),
    bytes,
    { mode: 0o600, mtime: Math.floor(mtimeMs * 1000) },
    (block) => {
      onBytes(block.length);
      return bandwidth?.pass(block.length, signal);
    },
  );
}

/** Of the last segment all must be valid that recovery reads, of the others everything. */
function checkRecords(segment: ArchivedSegment, bytes: Uint8Array, plan: WalPlan, segmentSize: number): void {
  const reader = createWalReader();
  const start = segmentStart(segment.number, segmentSize);
  for (const _ of reader.segment(bytes, start));
  const { end } = reader;
  const needed = segment === plan.segments.at(-1) ? plan.needed : undefined;
  if (end === undefined || (needed !== undefined && end.lsn >= needed)) return;
  throw failure('WAL_DAMAGED', { where: `segment ${segment.name} of the archive`, detail: end.reason });
}

/** Empties the directory but for files that may stay, which it gives. */
async function tidy(
  endpoint: Endpoint,
  directory: RelPath,
  keep: ReadonlySet<string>,
): Promise<Map<string, Entry>> {
  const kept = new Map<string, Entry>();
  for (const entry of await endpoint.list(directory)) {
    const { name, type } = entry;
    const path = joinPath(directory, name);
    if (type === 'directory') {
      if (name === STATUS || name === SUMMARIES) await tidy(endpoint, path, new Set());
      continue;
    }
    if (type === 'file' && keep.has(name)) kept.set(name, entry);
    else await endpoint.removeFile(path);
  }
  return kept;
}

export async function makeDirectory(endpoint: Endpoint, path: RelPath): Promise<void> {
  try {
    await endpoint.makeDirectory(path, 0o700);
  } catch (error) {
    if (!isFailure(error, 'EXISTS')) throw error;
  }
}
