import { setTimeout } from 'node:timers/promises';
import type { Lsn } from '../../postgres/lsn.ts';
import { checkPage, type PageProblem } from '../../postgres/page.ts';
import type { Endpoint } from '../../sync/endpoint.ts';
import type { RelPath } from '../../sync/entry.ts';
import { isOfPath } from '../../sync/run-failure.ts';
import { checkAborted } from '../../system/abort.ts';
import { firstBlockOf, type PageLayout } from './cluster-inspection.ts';

/** Waits before each further look, milliseconds: a page is written in one go, but not at once. */
const WAITS = [20, 100, 400];

export interface SuspectsQuestion {
  /** The running cluster, as the transfer saw it. */
  readonly source: Endpoint;
  /** In the transfer, and in `source` too. */
  readonly path: RelPath;
  readonly suspects: readonly PageProblem[];
  readonly layout: PageLayout;
  /** Where the backup began. Pages changed since are made good by their full images in WAL. */
  readonly startLsn: Lsn;
  /** How far WAL has been written by now; a page that claims to be newer was never written by the server. */
  readonly flushedLsn: () => Promise<Lsn>;
  readonly signal: AbortSignal;
}

/**
 * Reads pages again that looked damaged when their file was copied, and gives those that are: what changes between two
 * looks was being written, and WAL will make it good, as it will any page that was changed since the backup began.
 */
export async function confirmSuspects(question: SuspectsQuestion): Promise<PageProblem[]> {
  const { suspects, startLsn, signal } = question;
  let before: readonly Look[] = suspects.map((problem) => ({ problem, bytes: undefined }));
  let confirmed: readonly Look[] = await lookAgain(question, before);
  for (const wait of WAITS) {
    if (confirmed.length === 0) return [];
    await setTimeout(wait, undefined, { signal }).catch(() => checkAborted(signal));
    before = confirmed;
    confirmed = await lookAgain(question, before);
  }
  if (confirmed.length === 0) return [];
  const flushed = await question.flushedLsn();
  return confirmed.map(({ problem }) => problem).filter(({ lsn }) => lsn < startLsn || lsn > flushed);
}

interface Look {
  readonly problem: PageProblem;
  readonly bytes: Buffer | undefined;
}

/** Those that are still damaged, and the same as at the last look. */
async function lookAgain(
  { source, path, layout, signal }: SuspectsQuestion,
  looks: readonly Look[],
): Promise<Look[]> {
  const first = firstBlockOf(path, layout) ?? 0;
  const still: Look[] = [];
  try {
    const file = await source.openRead(path);
    try {
      for (const { problem, bytes: before } of looks) {
        checkAborted(signal);
        const start = (problem.block - first) * layout.blockSize;
        const bytes = await readAt(file.read(start, start + layout.blockSize), layout.blockSize);
        // The file has become shorter.
        if (bytes === undefined) continue;
        const words = new Int32Array(bytes.buffer, bytes.byteOffset, layout.blockSize / 4);
        const now = checkPage(words, 0, layout.blockSize, problem.block);
        if (now !== undefined && (before === undefined || before.equals(bytes)))
          still.push({ problem: now, bytes });
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    // The relation was dropped meanwhile; whatever else it is, the pages as they were copied remain suspect.
    if (isOfPath(error) && error.code === 'NOT_FOUND') return [];
    throw error;
  }
  return still;
}

/** In memory of its own, on a word boundary; undefined where there is less. */
async function readAt(blocks: AsyncIterable<Uint8Array>, size: number): Promise<Buffer | undefined> {
  const bytes = Buffer.from(new ArrayBuffer(size));
  let filled = 0;
  for await (const block of blocks) {
    bytes.set(block.subarray(0, size - filled), filled);
    filled += block.length;
  }
  return filled >= size ? bytes : undefined;
}
