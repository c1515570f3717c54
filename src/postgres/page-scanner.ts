import type { Lsn } from './lsn.ts';
import { checkPage, type PageProblem, pageLsn } from './page.ts';

/** Checks the pages of a relation file while its content passes by in blocks of any size. */
export interface PageScanner {
  /** The problems of the pages that these bytes complete. The bytes are read only during the call. */
  push(bytes: Uint8Array): PageProblem[];
  /** Bytes after the last whole page: a relation that was being extended, which the server ignores. */
  readonly remainder: number;
  /**
   * The newest LSN on any page so far, new and damaged ones aside: beyond the end of the server's WAL it shows a page
   * that was not written by this history. 0 where there was none.
   */
  readonly newestLsn: Lsn;
}

/**
 * `firstBlock`: of the file, counted from the start of the relation, since the number is part of the checksum.
 * `pageSize`: bytes, the cluster's block size.
 */
export function createPageScanner(firstBlock: number, pageSize: number): PageScanner {
  const pageWords = pageSize / 4;
  const partial = new Uint8Array(pageSize);
  let filled = 0;
  let block = firstBlock;
  let newestHigh = 0;
  let newestLow = 0;
  let newestLsn = 0n;

  const check = (words: Int32Array, problems: PageProblem[]): void => {
    for (let first = 0; first + pageWords <= words.length; first += pageWords, block++) {
      const problem = checkPage(words, first, pageSize, block);
      if (problem !== undefined) {
        problems.push(problem);
        continue;
      }
      const high = (words[first] ?? 0) >>> 0;
      const low = (words[first + 1] ?? 0) >>> 0;
      if (high < newestHigh || (high === newestHigh && low <= newestLow)) continue;
      newestHigh = high;
      newestLow = low;
      newestLsn = pageLsn(words, first);
    }
  };

  return {
    push: (bytes) => {
      const problems: PageProblem[] = [];
      let at = 0;
      if (filled > 0) {
        at = Math.min(pageSize - filled, bytes.length);
        partial.set(bytes.subarray(0, at), filled);
        filled += at;
        if (filled < pageSize) return problems;
        check(wordsOf(partial), problems);
        filled = 0;
      }
      const whole = bytes.length - ((bytes.length - at) % pageSize);
      if (whole > at) check(wordsOf(bytes.subarray(at, whole)), problems);
      partial.set(bytes.subarray(whole));
      filled = bytes.length - whole;
      return problems;
    },
    get remainder() {
      return filled;
    },
    get newestLsn() {
      return newestLsn;
    },
  };
}

/** A view where the bytes lie on a word boundary, else a copy: packets from a socket lie anywhere. */
function wordsOf(bytes: Uint8Array): Int32Array {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : Uint8Array.from(bytes);
  return new Int32Array(aligned.buffer, aligned.byteOffset, aligned.length / 4);
}
