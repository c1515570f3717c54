import type { RelPath } from '../../sync/entry.ts';
import { byteString } from '../../system/byte-string.ts';
import { failure } from '../../system/errors.ts';

/**
 * `made-last.json`: an array of the files of a backup that the manifest of its copy does not have. Paths start with
 * `data/` or a tablespace's oid, and have one character for each byte.
 */
export function formatMadeLast(files: Iterable<RelPath>): Buffer {
  return Buffer.from(`${JSON.stringify([...new Set(files)].sort())}\n`);
}

/** `path` is for the message of MANIFEST_DAMAGED. */
export function parseMadeLast(content: Buffer, path: string): ReadonlySet<RelPath> {
  let files: unknown;
  try {
    files = JSON.parse(content.toString('utf8'));
  } catch {
    // Told below.
  }
  if (!Array.isArray(files) || !files.every((file) => typeof file === 'string')) {
    throw failure('MANIFEST_DAMAGED', { path, detail: 'it is not a list of paths' });
  }
  return new Set(files.map(byteString));
}
