import { formatLsn, type Lsn } from '../../postgres/lsn.ts';
import { segmentAt, segmentBefore, segmentName } from '../../postgres/segment.ts';
import type { WalPlace } from './events.ts';

/** Where a backup begins: in the segment that holds the position. */
export function placeOfStart(lsn: Lsn, timeline: number, size: number): WalPlace {
  return place(lsn, { timeline, number: segmentAt(lsn, size) }, size);
}

/** Where it ends: in the last segment that is needed, also where the position is the first byte of the next one. */
export function placeOfStop(lsn: Lsn, timeline: number, size: number): WalPlace {
  return place(lsn, { timeline, number: segmentBefore(lsn, size) }, size);
}

function place(lsn: Lsn, segment: { readonly timeline: number; readonly number: number }, size: number) {
  return {
    lsn: formatLsn(lsn),
    segment: segmentName(segment, size),
    offset: Number(lsn % BigInt(size)),
  };
}
