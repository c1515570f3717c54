import { failure } from '../system/errors.ts';
import type { Lsn } from './lsn.ts';

/**
 * WAL segments (PostgreSQL `access/xlog_internal.h`). A segment's number is its position divided by the segment size;
 * its name is three groups of eight hexadecimal digits: timeline, then the number in two parts, of which the second
 * counts the segments of one 4 GB stretch. With the largest position, 2^64, and the smallest size, 2^20, a number has
 * 44 bits, so it fits a JavaScript number.
 */
export interface Segment {
  readonly timeline: number;
  readonly number: number;
}

const STRETCH = 2 ** 32;
const MEBIBYTE = 2 ** 20;

export function isSegmentSize(size: number): boolean {
  return size >= MEBIBYTE && size <= 1024 * MEBIBYTE && Number.isInteger(Math.log2(size));
}

function perStretch(size: number): number {
  if (!isSegmentSize(size)) throw failure('SEGMENT_SIZE', { size });
  return STRETCH / size;
}

const hex8 = (value: number): string => value.toString(16).toUpperCase().padStart(8, '0');

/** The name of a segment, for a segment size in bytes. SEGMENT_SIZE. */
export function segmentName({ timeline, number }: Segment, size: number): string {
  const count = perStretch(size);
  return hex8(timeline) + hex8(Math.floor(number / count)) + hex8(number % count);
}

const NAME = /^[0-9A-F]{24}$/;

/** NOT_A_SEGMENT, also for a name that cannot exist with this segment size. */
export function parseSegmentName(name: string, size: number): Segment {
  const count = perStretch(size);
  const part = (start: number): number => Number.parseInt(name.slice(start, start + 8), 16);
  if (!NAME.test(name) || part(16) >= count) throw failure('NOT_A_SEGMENT', { name });
  return { timeline: part(0), number: part(8) * count + part(16) };
}

/** The segment that holds the byte at a position. */
export function segmentAt(lsn: Lsn, size: number): number {
  return Number(lsn / BigInt(size));
}

/**
 * The last segment needed to reach a position that is the end of something, such as the stop LSN of a backup: the one
 * that holds the byte before it.
 */
export function segmentBefore(lsn: Lsn, size: number): number {
  return segmentAt(lsn > 0n ? lsn - 1n : 0n, size);
}

/** The position of a segment's first byte. */
export function segmentStart(number: number, size: number): Lsn {
  return BigInt(number) * BigInt(size);
}

/** The name of the segment that follows on the same timeline. */
export function nextSegmentName(name: string, size: number): string {
  const { timeline, number } = parseSegmentName(name, size);
  return segmentName({ timeline, number: number + 1 }, size);
}

/** The names of one timeline's segments from a position to the end of something, both included. */
export function* segmentNames(timeline: number, start: Lsn, end: Lsn, size: number): Generator<string> {
  const last = segmentBefore(end, size);
  for (let number = segmentAt(start, size); number <= last; number++)
    yield segmentName({ timeline, number }, size);
}
