import type { ByteSource } from './bytes.ts';
import type { ManifestHeader, ManifestTotals } from './format.ts';
import type { RecordedListing } from './record.ts';

/** A manifest that is being read: listings in the order written. */
export interface ManifestReader extends AsyncIterable<RecordedListing> {
  readonly header: ManifestHeader;
  /** Undefined until the last listing was taken: only then is it known that the manifest is whole. */
  readonly totals: ManifestTotals | undefined;
  /** For those who stop early: releases the source. Idempotent. */
  close(): Promise<void>;
}

/**
 * Reads as far as the header. Listings are handed out before the end has proven them: whoever acts on them must be able
 * to take it back when MANIFEST_DAMAGED comes at the end.
 * @param name of the manifest, for errors
 */
export declare function openManifest(source: ByteSource, name: string): Promise<ManifestReader>;
