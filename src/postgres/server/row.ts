import { type ByteString, fromBuffer } from '../../system/byte-string.ts';
import { failure } from '../../system/errors.ts';
import { type Lsn, parseLsn } from '../lsn.ts';

/** A row of a query's result. Values come as PostgreSQL's text; each call says what one is and may be asked for. */
export interface Row {
  text(column: string): string;
  integer(column: string): number;
  flag(column: string): boolean;
  lsn(column: string): Lsn;
  /** Of a `bytea`. */
  bytes(column: string): ByteString;
  /** Undefined for NULL, else what `read` makes of it. */
  maybe<T>(column: string, read: (column: string) => T): T | undefined;
}

export function createRow(values: Readonly<Record<string, string | null>>): Row {
  const wrong = (column: string, type: string): Error =>
    failure('INTERNAL', { detail: `column "${column}" of PostgreSQL's answer is no ${type}` });
  const row: Row = {
    text: (column) => {
      const value = values[column];
      if (value === undefined || value === null) throw wrong(column, 'value');
      return value;
    },
    integer: (column) => {
      const number = Number(row.text(column));
      if (!Number.isSafeInteger(number)) throw wrong(column, 'integer');
      return number;
    },
    flag: (column) => {
      const text = row.text(column);
      if (text !== 't' && text !== 'f') throw wrong(column, 'boolean');
      return text === 't';
    },
    lsn: (column) => parseLsn(row.text(column)),
    bytes: (column) => {
      const text = row.text(column);
      if (!text.startsWith('\\x')) throw wrong(column, 'bytea');
      return fromBuffer(Buffer.from(text.slice(2), 'hex'));
    },
    maybe: (column, read) => (values[column] === null ? undefined : read(column)),
  };
  return row;
}
