import type { Lsn } from '../lsn.ts';
import { CONTINUATION_IS_OVERWRITTEN, FIRST_IS_CONTINUATION, parseWalPageHeader } from './page.ts';
import { parseRecordHeader, RECORD_HEADER_SIZE, type WalRecord } from './record.ts';

/** Why there is no record at a position: the end of what was written, or damage; the WAL itself cannot tell which. */
export interface WalEnd {
  readonly lsn: Lsn;
  readonly reason: string;
}

/** Reads the records of consecutive segments; one that crosses into the next segment is given when that is read. */
export interface WalReader {
  /**
   * The records of a segment (its whole content) that begins at `start`, each with its CRC and its place in the chain
   * checked. The first segment may begin in the middle of a record, which is skipped. After an end nothing more comes.
   */
  segment(bytes: Uint8Array, start: Lsn): Generator<WalRecord>;
  /** Undefined as long as every byte read was valid WAL. */
  readonly end: WalEnd | undefined;
}

interface Unfinished {
  readonly lsn: Lsn;
  readonly total: number;
  bytes: Uint8Array;
  filled: number;
}

const PAGE_SIZE = 8192;
const XLOG = 0;
const SWITCH = 0x40;
// A length that was never written should not cost memory before the CRC can tell.
const FIRST_ALLOCATION = 1 << 20;

const align = (offset: number): number => (offset + 7) & ~7;

export function createWalReader(): WalReader {
  let unfinished: Unfinished | undefined;
  let previous: Lsn | undefined;
  let end: WalEnd | undefined;
  // The first segment of all may begin with the rest of a record whose beginning nobody gave us.
  let begun = false;

  const accept = (bytes: Uint8Array, lsn: Lsn, next: Lsn, timeline: number): WalRecord | undefined => {
    const header = parseRecordHeader(bytes);
    if (header === undefined) end = { lsn, reason: 'the CRC of the record does not match' };
    else if (previous !== undefined && header.previous !== previous) {
      end = { lsn, reason: 'the record does not follow the one before it' };
    }
    if (header === undefined || end !== undefined) return undefined;
    previous = lsn;
    const { transaction, info, resourceManager } = header;
    return { lsn, end: next, timeline, transaction, info, resourceManager, bytes };
  };

  function* segment(bytes: Uint8Array, start: Lsn): Generator<WalRecord> {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let page = 0; page < bytes.length; page += PAGE_SIZE) {
      if (end !== undefined) return;
      const address = start + BigInt(page);
      const header = parseWalPageHeader(view, page);
      if (header === undefined || header.address !== address) {
        end = { lsn: address, reason: 'there is no WAL page' };
        return;
      }
      const pageEnd = Math.min(page + PAGE_SIZE, bytes.length);
      const at = (offset: number): Lsn => address + BigInt(offset - page);
      let offset = page + header.size;

      if ((header.flags & CONTINUATION_IS_OVERWRITTEN) !== 0) unfinished = undefined;
      const continues = (header.flags & FIRST_IS_CONTINUATION) !== 0;
      if (continues !== (unfinished !== undefined) && begun) {
        end = { lsn: unfinished?.lsn ?? address, reason: 'a record does not go on where it should' };
        return;
      }
      begun ||= !continues;
      if (continues) {
        const length = Math.min(header.remaining, pageEnd - offset);
        if (unfinished !== undefined) {
          if (header.remaining !== unfinished.total - unfinished.filled) {
            end = { lsn: unfinished.lsn, reason: 'a record does not go on where it should' };
            return;
          }
          append(unfinished, bytes.subarray(offset, offset + length));
        }
        offset = align(offset + length);
        if (length < header.remaining) continue;
        begun = true;
        if (unfinished !== undefined) {
          const { bytes: whole, lsn, total } = unfinished;
          unfinished = undefined;
          const record = accept(whole.subarray(0, total), lsn, at(offset), header.timeline);
          if (record === undefined) return;
          if (isSwitch(record)) return yield* switchTo(start, bytes, record);
          yield record;
        }
      }

      while (offset < pageEnd) {
        const lsn = at(offset);
        const total = view.getUint32(offset, true);
        if (total < RECORD_HEADER_SIZE) {
          end = {
            lsn,
            reason: total === 0 ? 'nothing was written there' : 'the record has an impossible length',
          };
          return;
        }
        if (offset + total > pageEnd) {
          unfinished = { lsn, total, bytes: new Uint8Array(Math.min(total, FIRST_ALLOCATION)), filled: 0 };
          append(unfinished, bytes.subarray(offset, pageEnd));
          break;
        }
        const next = align(offset + total);
        const record = accept(bytes.subarray(offset, offset + total), lsn, at(next), header.timeline);
        if (record === undefined) return;
        if (isSwitch(record)) return yield* switchTo(start, bytes, record);
        yield record;
        offset = next;
      }
    }
  }

  return {
    segment,
    get end() {
      return end;
    },
  };
}

function append(record: Unfinished, bytes: Uint8Array): void {
  const needed = record.filled + bytes.length;
  if (needed > record.bytes.length) {
    const larger = new Uint8Array(Math.min(record.total, Math.max(needed, record.bytes.length * 2)));
    larger.set(record.bytes.subarray(0, record.filled));
    record.bytes = larger;
  }
  record.bytes.set(bytes, record.filled);
  record.filled = needed;
}

/** What follows such a record in its segment is padding. */
function* switchTo(start: Lsn, segment: Uint8Array, record: WalRecord): Generator<WalRecord> {
  yield { ...record, end: start + BigInt(segment.length) };
}

function isSwitch({ resourceManager, info }: WalRecord): boolean {
  return resourceManager === XLOG && (info & 0xf0) === SWITCH;
}
