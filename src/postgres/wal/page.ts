import type { Lsn } from '../lsn.ts';

/** The header of a WAL page (PostgreSQL `access/xlog_internal.h`): 24 bytes, or 40 on the first page of a segment. */
export interface WalPageHeader {
  readonly major: number;
  readonly flags: number;
  readonly timeline: number;
  /** The position of the page's first byte. */
  readonly address: Lsn;
  /** Bytes of a record that began on an earlier page, counted from here. */
  readonly remaining: number;
  readonly size: number;
  /** On the first page of a segment. */
  readonly segment: WalSegmentFacts | undefined;
}

export interface WalSegmentFacts {
  /** Decimal digits. */
  readonly systemIdentifier: string;
  /** Bytes. */
  readonly segmentSize: number;
  readonly pageSize: number;
}

export const FIRST_IS_CONTINUATION = 0x0001;
const LONG_HEADER = 0x0002;
/** The record that the pages before began was given up: what follows begins anew. */
export const CONTINUATION_IS_OVERWRITTEN = 0x0008;
const ALL_FLAGS = 0x000f;

const SHORT_SIZE = 24;
export const LONG_SIZE = 40;

const MAJORS: Readonly<Record<number, number>> = {
  53510: 13,
  53517: 14,
  53520: 15,
  53523: 16,
  53526: 17,
  53528: 18,
};

/** Undefined where no WAL page of PostgreSQL 13 to 18 begins. */
export function parseWalPageHeader(view: DataView, offset: number): WalPageHeader | undefined {
  if (offset + SHORT_SIZE > view.byteLength) return undefined;
  const major = MAJORS[view.getUint16(offset, true)];
  const flags = view.getUint16(offset + 2, true);
  const isLong = (flags & LONG_HEADER) !== 0;
  if (major === undefined || (flags & ~ALL_FLAGS) !== 0) return undefined;
  if (isLong && offset + LONG_SIZE > view.byteLength) return undefined;
  return {
    major,
    flags,
    timeline: view.getUint32(offset + 4, true),
    address: view.getBigUint64(offset + 8, true),
    remaining: view.getUint32(offset + 16, true),
    size: isLong ? LONG_SIZE : SHORT_SIZE,
    segment: isLong
      ? {
          systemIdentifier: String(view.getBigUint64(offset + 24, true)),
          segmentSize: view.getUint32(offset + 32, true),
          pageSize: view.getUint32(offset + 36, true),
        }
      : undefined,
  };
}
