import type { Lsn } from './lsn.ts';
import { pageChecksum } from './page-checksum.ts';

/**
 * A data page (PostgreSQL `storage/bufpage.h`), in words of four bytes: 0 and 1 the LSN of its last change, high half
 * first; 2 the checksum and, in the upper half, flags; 3 `lower` and `upper`, the ends of its free space; 4 `special`
 * and page size with layout version.
 */
export interface PageProblem {
  /** Counted from the start of the relation. */
  readonly block: number;
  /**
   * `checksum`: the content is not what was written. `header`: no page has such a header. `zeros`: the header says that
   * the page was never used, and yet it is not all zeros.
   */
  readonly kind: 'checksum' | 'header' | 'zeros';
  readonly lsn: Lsn;
}

const FLAGS = 0x0007;
const ALIGNMENT = 8;

// Indices are in bounds by construction.
const word = (words: Int32Array, index: number): number => words[index] as number;

/** The page at `words[first]`, as the server would check it when it reads it from a cluster with checksums. */
export function checkPage(
  words: Int32Array,
  first: number,
  pageSize: number,
  block: number,
): PageProblem | undefined {
  const upper = word(words, first + 3) >>> 16;
  if (upper === 0) {
    const used = words.subarray(first, first + pageSize / 4).some((value) => value !== 0);
    return used ? { block, kind: 'zeros', lsn: pageLsn(words, first) } : undefined;
  }
  if (pageChecksum(words, first, pageSize, block) !== (word(words, first + 2) & 0xffff)) {
    return { block, kind: 'checksum', lsn: pageLsn(words, first) };
  }
  const flags = word(words, first + 2) >>> 16;
  const lower = word(words, first + 3) & 0xffff;
  const special = word(words, first + 4) & 0xffff;
  const sane =
    (flags & ~FLAGS) === 0 &&
    lower <= upper &&
    upper <= special &&
    special <= pageSize &&
    special % ALIGNMENT === 0;
  return sane ? undefined : { block, kind: 'header', lsn: pageLsn(words, first) };
}

/** The end of the WAL record that last changed the page at `words[first]`. */
export function pageLsn(words: Int32Array, first: number): Lsn {
  return (BigInt(word(words, first) >>> 0) << 32n) | BigInt(word(words, first + 1) >>> 0);
}
