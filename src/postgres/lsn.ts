import { failure } from '../system/errors.ts';

/** A byte position in the WAL (pg_lsn): 64 bits, so a bigint and never a number. */
export type Lsn = bigint;

const FORM = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/;

/** `X/X` as PostgreSQL prints and reads it. NOT_AN_LSN. */
export function parseLsn(text: string): Lsn {
  const [, high, low] = FORM.exec(text) ?? [];
  if (high === undefined || low === undefined) throw failure('NOT_AN_LSN', { text });
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}

export function formatLsn(lsn: Lsn): string {
  return `${(lsn >> 32n).toString(16)}/${(lsn & 0xffff_ffffn).toString(16)}`.toUpperCase();
}
