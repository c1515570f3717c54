import { failure } from '../../system/errors.ts';
import { formatLsn } from '../lsn.ts';
import { isSegmentSize, parseSegmentName, segmentStart } from '../segment.ts';
import { LONG_SIZE, parseWalPageHeader, type WalSegmentFacts } from './page.ts';

/** Bytes of a segment that {@link checkSegmentHeader} needs. */
export const SEGMENT_HEADER_SIZE = LONG_SIZE;

export interface SegmentHeader extends WalSegmentFacts {
  readonly major: number;
  /** May be older than the one in the name: a timeline begins with a copy of the segment in which the old one ended. */
  readonly timeline: number;
}

/**
 * Proves by its first bytes that a file is the segment of that name (24 digits), and where `systemIdentifier` is given,
 * of that cluster. WAL_DAMAGED with the reason.
 */
export function checkSegmentHeader(
  bytes: Uint8Array,
  name: string,
  systemIdentifier?: string,
): SegmentHeader {
  const wrong = (detail: string): Error =>
    failure('WAL_DAMAGED', { where: `the start of segment ${name}`, detail });
  const header = parseWalPageHeader(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0);
  if (header === undefined) throw wrong('it is not WAL of PostgreSQL 13 to 18');
  const { segment } = header;
  if (segment === undefined || !isSegmentSize(segment.segmentSize))
    throw wrong('it is not the first page of a segment');
  if (systemIdentifier !== undefined && segment.systemIdentifier !== systemIdentifier) {
    throw wrong(`it belongs to the cluster ${segment.systemIdentifier}, not to ${systemIdentifier}`);
  }
  const { timeline, number } = parseSegmentName(name, segment.segmentSize);
  const expected = segmentStart(number, segment.segmentSize);
  if (header.address !== expected) {
    throw wrong(`it holds WAL from ${formatLsn(header.address)} on, not from ${formatLsn(expected)} on`);
  }
  if (header.timeline > timeline) throw wrong(`it holds WAL of timeline ${header.timeline}`);
  return { ...segment, major: header.major, timeline: header.timeline };
}
