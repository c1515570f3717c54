import type { ByteSink } from './bytes.ts';
import type { ManifestHeader, ManifestTotals, RunTotals } from './format.ts';
import type { RecordedListing } from './record.ts';

/** Writes one manifest. Exactly one of `finish` and `abort` ends it. */
export interface ManifestWriter {
  /**
   * Listings in pre-order. When it returns a promise, wait for it before the next call: it carries the backpressure
   * and the sink's errors.
   */
  add(listing: RecordedListing): Promise<void> | undefined;
  /** Writes the end; resolves when the sink has taken the last byte. */
  finish(run: RunTotals): Promise<ManifestTotals>;
  /** Gives up; writes no end, so that what was written is not taken for a manifest. Never throws. */
  abort(): void;
}

export declare function createManifestWriter(sink: ByteSink, header: ManifestHeader): Promise<ManifestWriter>;
