import type { Fork } from '../relation-path.ts';
import { RECORD_HEADER_SIZE, type WalRecord } from './record.ts';

/** A page that a record changes. */
export interface BlockReference {
  /** Number of the tablespace: 1663 is `base`, 1664 is `global`. */
  readonly tablespace: number;
  /** 0 for what all databases share. */
  readonly database: number;
  readonly relation: number;
  readonly fork: Fork;
  readonly block: number;
  /** The record holds or makes the whole page, so that what stood there before does not matter. */
  readonly whole: boolean;
}

const FORKS: readonly Fork[] = ['main', 'fsm', 'vm', 'init'];
const MAX_BLOCK_ID = 32;
const HAS_IMAGE = 0x10;
const WILL_INIT = 0x40;
const SAME_RELATION = 0x80;
const HAS_HOLE = 0x01;

/**
 * The block references of a record (PostgreSQL `access/xlogrecord.h`): for each an id (1), fork and flags (1), the length
 * of its data (2), for an image its length (2), where its hole is (2) and flags (1), for a compressed one with a hole the
 * hole's length (2), then the relation (12) unless it is that of the one before, and the block's number (4).
 */
export function blockReferences({ bytes }: WalRecord, major: number): BlockReference[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // pglz alone up to 14, at another place since.
  const compressed = major < 15 ? 0x02 : 0x1c;
  const apply = major < 15 ? 0x04 : 0x02;
  const references: BlockReference[] = [];
  let relation = { tablespace: 0, database: 0, relation: 0 };
  // Images and data follow all headers; where they begin, there are no more of these.
  let contents = 0;
  for (let at = RECORD_HEADER_SIZE; at + contents < bytes.length && view.getUint8(at) <= MAX_BLOCK_ID; ) {
    const flags = view.getUint8(at + 1);
    let restored = false;
    contents += view.getUint16(at + 2, true);
    at += 4;
    if ((flags & HAS_IMAGE) !== 0) {
      contents += view.getUint16(at, true);
      const image = view.getUint8(at + 4);
      restored = (image & apply) !== 0;
      at += 5;
      if ((image & HAS_HOLE) !== 0 && (image & compressed) !== 0) at += 2;
    }
    if ((flags & SAME_RELATION) === 0) {
      relation = {
        tablespace: view.getUint32(at, true),
        database: view.getUint32(at + 4, true),
        relation: view.getUint32(at + 8, true),
      };
      at += 12;
    }
    const fork = FORKS[flags & 0x0f];
    const whole = restored || (flags & WILL_INIT) !== 0;
    if (fork !== undefined) references.push({ ...relation, fork, block: view.getUint32(at, true), whole });
    at += 4;
  }
  return references;
}
