import { crc32c } from '../crc32c.ts';
import type { Lsn } from '../lsn.ts';

/**
 * A WAL record (PostgreSQL `access/xlogrecord.h`): a header of 24 bytes, then headers of its blocks and its data, then
 * the data. Header: total length (4), transaction (4), position of the record before (8), info (1), resource manager
 * (1), padding (2), CRC-32C of all but itself, the header last (4).
 */
export interface WalRecord {
  readonly lsn: Lsn;
  /** Where the next record begins, or a page header before it. */
  readonly end: Lsn;
  readonly timeline: number;
  readonly transaction: number;
  readonly resourceManager: number;
  readonly info: number;
  /** Header included. Valid until the reader is asked for the next record. */
  readonly bytes: Uint8Array;
}

export const RECORD_HEADER_SIZE = 24;
const CRC_OFFSET = 20;

/** What stands in a record's header; undefined where its CRC does not match. */
export function parseRecordHeader(bytes: Uint8Array):
  | {
      readonly transaction: number;
      readonly previous: Lsn;
      readonly info: number;
      readonly resourceManager: number;
    }
  | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const crc = crc32c(bytes, crc32c(bytes, 0, RECORD_HEADER_SIZE), 0, CRC_OFFSET);
  if (crc !== view.getUint32(CRC_OFFSET, true)) return undefined;
  return {
    transaction: view.getUint32(4, true),
    previous: view.getBigUint64(8, true),
    info: view.getUint8(16),
    resourceManager: view.getUint8(17),
  };
}

const MAX_BLOCK_ID = 32;
const TOPLEVEL_TRANSACTION = 252;
const ORIGIN = 253;
const DATA_LONG = 254;
const DATA_SHORT = 255;

/** The data of a record without block references, as transactions and the WAL itself write them; undefined for others. */
export function mainData({ bytes }: WalRecord): DataView | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = RECORD_HEADER_SIZE; at < bytes.length; ) {
    const id = view.getUint8(at);
    if (id <= MAX_BLOCK_ID) return undefined;
    if (id === ORIGIN) at += 3;
    else if (id === TOPLEVEL_TRANSACTION) at += 5;
    else if (id === DATA_SHORT || id === DATA_LONG) {
      // The data's header is the last one, so the data follows at once.
      const header = id === DATA_SHORT ? 2 : 5;
      const length = id === DATA_SHORT ? view.getUint8(at + 1) : view.getUint32(at + 1, true);
      if (at + header + length !== bytes.length) return undefined;
      return new DataView(bytes.buffer, bytes.byteOffset + at + header, length);
    } else return undefined;
  }
  return new DataView(bytes.buffer, bytes.byteOffset + bytes.length, 0);
}
