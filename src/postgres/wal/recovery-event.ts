import type { Lsn } from '../lsn.ts';
import { mainData, type WalRecord } from './record.ts';

/** A record at which recovery can stop, or that tells how far a backup's recovery must go. */
export type RecoveryEvent =
  | {
      readonly kind: 'commit' | 'abort';
      /** Of a prepared transaction: its own number, not that of the session that ended it. */
      readonly transaction: number;
      /** Microseconds since the epoch, of the server's clock. */
      readonly time: number;
    }
  | { readonly kind: 'restore point'; readonly name: string; readonly time: number }
  /** The end of a base backup that began (redo position) at `start`. */
  | { readonly kind: 'backup end'; readonly start: Lsn };

const XLOG = 0;
const BACKUP_END = 0x50;
const RESTORE_POINT = 0x70;

const XACT = 1;
const HAS_INFO = 0x80;
const ENDINGS: Readonly<Record<number, 'commit' | 'abort'>> = {
  0: 'commit',
  32: 'abort',
  48: 'commit',
  64: 'abort',
};

/** Undefined for every other record. `major`: of the server that wrote it. */
export function recoveryEvent(record: WalRecord, major: number): RecoveryEvent | undefined {
  if (record.resourceManager === XACT) return transactionEnd(record, major);
  if (record.resourceManager !== XLOG) return undefined;
  const type = record.info & 0xf0;
  if (type !== BACKUP_END && type !== RESTORE_POINT) return undefined;
  const data = mainData(record);
  if (data === undefined || data.byteLength < 8) return undefined;
  if (type === BACKUP_END) return { kind: 'backup end', start: data.getBigUint64(0, true) };
  const name = Buffer.from(data.buffer, data.byteOffset + 8, data.byteLength - 8);
  const length = name.indexOf(0);
  return {
    kind: 'restore point',
    name: name.toString('utf8', 0, length === -1 ? name.length : length),
    time: timeAt(data, 0),
  };
}

function transactionEnd(record: WalRecord, major: number): RecoveryEvent | undefined {
  const kind = ENDINGS[record.info & 0x70];
  if (kind === undefined) return undefined;
  const data = mainData(record);
  if (data === undefined || data.byteLength < 8) return undefined;
  const prepared = (record.info & HAS_INFO) === 0 ? undefined : preparedTransaction(data, kind, major);
  return { kind, transaction: prepared ?? record.transaction, time: timeAt(data, 0) };
}

/**
 * Optional parts follow the time and a word that says which there are (PostgreSQL `access/xact.h`); all before the
 * prepared transaction's number must be walked over.
 */
function preparedTransaction(data: DataView, kind: 'commit' | 'abort', major: number): number | undefined {
  const parts = data.getUint32(8, true);
  let at = 12;
  const skipList = (itemSize: number): void => {
    at += 4 + data.getUint32(at, true) * itemSize;
  };
  const has = (bit: number): boolean => (parts & bit) !== 0;
  if (has(0x01)) at += 8; // database and tablespace
  if (has(0x02)) skipList(4); // subtransactions
  if (has(0x04)) skipList(12); // dropped relations
  if (has(0x100)) skipList(major >= 18 ? 16 : 12); // dropped statistics
  if (has(0x08) && kind === 'commit') skipList(16); // invalidation messages
  return has(0x10) ? data.getUint32(at, true) : undefined;
}

/** PostgreSQL counts from the year 2000. */
const EPOCH = 946_684_800_000_000n;

function timeAt(data: DataView, offset: number): number {
  return Number(data.getBigInt64(offset, true) + EPOCH);
}
