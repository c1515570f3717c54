import type { Lsn } from '../../postgres/lsn.ts';
import { segmentStart } from '../../postgres/segment.ts';
import { parseWalPageHeader } from '../../postgres/wal/page.ts';
import { createWalReader, type WalEnd } from '../../postgres/wal/reader.ts';
import { type RecoveryEvent, recoveryEvent } from '../../postgres/wal/recovery-event.ts';
import type { ArchivedSegment } from './wal-archive.ts';

/** A record, and what it means for recovery. */
export interface PlacedRecord {
  readonly lsn: Lsn;
  /** Where the record ends. */
  readonly end: Lsn;
  readonly event: RecoveryEvent | undefined;
}

/** Gives a segment's whole content, decompressed. */
export type ReadSegment = (segment: ArchivedSegment) => Promise<Uint8Array>;

/**
 * Shows the records of consecutive segments to `visit` until it answers true; what the first segment holds of an earlier
 * record is skipped. Resolves to why there was no further record, undefined where all segments are valid to their end
 * or `visit` had seen enough.
 */
export async function scanWal(
  segments: readonly ArchivedSegment[],
  segmentSize: number,
  read: ReadSegment,
  visit: (record: PlacedRecord) => boolean,
): Promise<WalEnd | undefined> {
  const reader = createWalReader();
  for (const segment of segments) {
    const bytes = await read(segment);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const major = parseWalPageHeader(view, 0)?.major ?? 0;
    for (const record of reader.segment(bytes, segmentStart(segment.number, segmentSize))) {
      const event = recoveryEvent(record, major);
      if (visit({ lsn: record.lsn, end: record.end, event })) return undefined;
    }
    if (reader.end !== undefined) return reader.end;
  }
  return undefined;
}
