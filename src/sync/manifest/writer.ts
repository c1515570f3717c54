import { constants, createGzip, gzipSync } from 'node:zlib';
import { loadXxh64 } from '../../system/xxh64.ts';
import type { ByteSink } from './bytes.ts';
import type { ManifestHeader, ManifestTotals, RunTotals } from './format.ts';
import { formatHeader } from './header.ts';
import { formatDirectory, formatEntry } from './line.ts';
import type { RecordedEntry, RecordedListing } from './record.ts';
import { formatTotals } from './totals.ts';

/** Characters collected before they are handed to the compressor. */
const BATCH = 128 * 1024;
/** The fastest: a manifest is written while files are copied, and names compress well at any level. */
const LEVEL = constants.Z_BEST_SPEED;

/** Writes one manifest. Exactly one of `finish` and `abort` ends it. */
export interface ManifestWriter {
  /**
   * Listings in pre-order. When it returns a promise, wait for it before the next call: it carries the backpressure
   * and the sink's errors.
   */
  add(listing: RecordedListing): Promise<void> | undefined;
  /** Writes the end; resolves when the sink has taken the last byte. */
  finish(run: RunTotals): Promise<ManifestTotals>;
  /**
   * Gives up; writes no end, so that what was written is not taken for a manifest. Resolves when the sink is left
   * alone; never rejects.
   */
  abort(): Promise<void>;
}

export async function createManifestWriter(sink: ByteSink, header: ManifestHeader): Promise<ManifestWriter> {
  const sum = (await loadXxh64())();
  const gzip = createGzip({ level: LEVEL, chunkSize: BATCH });
  const counts = { files: 0, directories: 0, symlinks: 0, others: 0, bytes: 0 };
  let batch = formatHeader(header);
  let taken = Promise.resolve();

  const drained = (async () => {
    for await (const block of gzip) await sink.write(block as Buffer);
  })();
  // Whoever calls next is told; until then nobody may be waiting.
  drained.catch(() => {});

  /** Waits for the batch before, so that one is compressed while the next one is made. */
  function flush(): Promise<void> {
    const block = Buffer.from(batch, 'latin1');
    batch = '';
    sum.update(block);
    const before = taken;
    const written = new Promise<void>((resolve) => gzip.write(block, () => resolve()));
    // Once the sink has failed the compressor may never call back, and does not know why.
    taken = Promise.race([drained, written]);
    taken.catch(() => {});
    return before;
  }

  return {
    add(listing) {
      let waiting: Promise<void> | undefined;
      batch += formatDirectory(listing);
      for (const entry of listing.entries) {
        count(counts, entry);
        batch += formatEntry(entry);
        if (batch.length >= BATCH) waiting = flush();
      }
      return batch.length >= BATCH ? flush() : waiting;
    },

    async finish(run) {
      await flush();
      gzip.end();
      await drained;
      const totals = { ...counts, ...run };
      const text = formatTotals(totals);
      sum.update(Buffer.from(text, 'latin1'));
      await sink.write(gzipSync(`${text}xxh64 ${sum.digest()}\n`));
      return totals;
    },

    async abort() {
      gzip.destroy();
      await drained.catch(() => {});
    },
  };
}

function count(
  counts: { files: number; directories: number; symlinks: number; others: number; bytes: number },
  entry: RecordedEntry,
): void {
  if (entry.type === 'file') {
    counts.files++;
    counts.bytes += entry.size;
  } else if (entry.type === 'directory') counts.directories++;
  else if (entry.type === 'symlink') counts.symlinks++;
  else counts.others++;
}
