import { parseWalFileName } from '../../postgres/wal-file-name.ts';
import { reprFloat } from './python-repr.ts';

/** One archived file: a segment, `.partial`, `.backup` or `.history`. */
export interface WalEntry {
  readonly name: string;
  /** Bytes as stored. */
  readonly size: number;
  /** When PostgreSQL wrote it, seconds since the epoch. */
  readonly time: number;
  readonly compression: string | null;
  readonly encryption: string | null;
}

/** How many columns the lines of an index have: 4 up to Barman 3.13, 5 with encryption since. */
export type WalColumns = 4 | 5;

/** Three columns are of Barman 1, any blanks separate. Undefined for what is no line of an index. */
export function parseWalEntry(line: string): (WalEntry & { readonly columns: number }) | undefined {
  const parts = line.trim().split(/\s+/);
  const [name = '', size = '', time = '', compression = 'None', encryption = 'None'] = parts;
  if (parts.length < 3 || parts.length > 5 || parseWalFileName(name) === undefined) return undefined;
  if (!/^\d+$/.test(size) || !/^\d+(\.\d*)?(e[-+]?\d+)?$/.test(time)) return undefined;
  return {
    name,
    size: Number(size),
    time: Number(time),
    compression: orNull(compression),
    encryption: orNull(encryption),
    columns: parts.length,
  };
}

const orNull = (text: string): string | null => (text === 'None' ? null : text);

/** With a line feed. An encrypted file needs five columns, whatever the others have. */
export function formatWalEntry(entry: WalEntry, columns: WalColumns): string {
  const { name, size, time, compression, encryption } = entry;
  const cells = [name, String(size), reprFloat(time), compression ?? 'None'];
  if (columns === 5 || encryption !== null) cells.push(encryption ?? 'None');
  return `${cells.join('\t')}\n`;
}

/** A file's time as Python has it in `st_mtime`, digit for digit. */
export function pythonTime({ mtimeNs }: { readonly mtimeNs: bigint }): number {
  return Number(mtimeNs / 1_000_000_000n) + 1e-9 * Number(mtimeNs % 1_000_000_000n);
}
