import { gunzipSync } from 'node:zlib';
import type { ManifestTotals } from './format.ts';
import { parseTime } from './header.ts';
import { formatTime } from './line.ts';

/** What each number at the end tells, in the order written. */
const LINES = {
  files: 'files',
  directories: 'directories',
  symlinks: 'symlinks',
  others: 'others',
  bytes: 'bytes',
  'new-files': 'newFiles',
  'new-bytes': 'newBytes',
  'linked-files': 'linkedFiles',
  'linked-bytes': 'linkedBytes',
  failed: 'failed',
} as const satisfies Record<string, Exclude<keyof ManifestTotals, 'finished'>>;

/** The end as text, up to the sum. */
export function formatTotals(totals: ManifestTotals): string {
  const lines = Object.entries(LINES).map(([word, key]) => `${word} ${totals[key]}\n`);
  return `\nend\nfinished ${formatTime(totals.finished)}\n${lines.join('')}`;
}

/** From the lines between `end` and the sum; undefined where one is missing or is no number. */
export function parseTotals(lines: readonly string[]): ManifestTotals | undefined {
  const values = new Map(lines.map((line) => [line.slice(0, line.indexOf(' ')), line]));
  const finished = parseTime(values.get('finished')?.slice('finished '.length));
  if (finished === undefined) return undefined;
  const totals: { -readonly [K in keyof ManifestTotals]: number } = {
    finished,
    files: 0,
    directories: 0,
    symlinks: 0,
    others: 0,
    bytes: 0,
    newFiles: 0,
    newBytes: 0,
    linkedFiles: 0,
    linkedBytes: 0,
    failed: 0,
  };
  for (const [word, key] of Object.entries(LINES)) {
    const value = /^\S+ (\d{1,16})$/.exec(values.get(word) ?? '')?.[1];
    if (value === undefined) return undefined;
    totals[key] = Number(value);
  }
  return totals;
}

const GZIP_MEMBER = Buffer.of(0x1f, 0x8b, 0x08, 0x00);

/** Finds the end, a gzip member of its own, in the last bytes of a manifest; undefined where it is not there. */
export function totalsFromTail(tail: Buffer): ManifestTotals | undefined {
  // The compressed bytes may by chance hold what a member begins with: then the one before it is tried.
  for (let at = tail.length; at > 0; ) {
    at = tail.lastIndexOf(GZIP_MEMBER, at - 1);
    if (at < 0) return undefined;
    const body = /^\nend\n(.*)\nxxh64 [0-9a-f]{16}\n$/s.exec(unpack(tail.subarray(at)))?.[1];
    const totals = body === undefined ? undefined : parseTotals(body.split('\n'));
    if (totals !== undefined) return totals;
  }
  return undefined;
}

function unpack(member: Buffer): string {
  try {
    return gunzipSync(member).toString('latin1');
  } catch {
    return '';
  }
}
