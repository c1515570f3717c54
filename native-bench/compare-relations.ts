import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const RELATION_FILE = /^\d+(_[a-z]+)?(\.\d+)?$/;
const EVERY_TWENTIETH = 20;
const MOST_UNLINKED = 0.01;

/**
 * What is wrong with a copy of a database's directory: sizes and times of all relation files, the content of each
 * twentieth. Where the copy has to be linked with one before it, a hundredth may be new: the server writes a few of
 * its own catalogues in each backup.
 */
export function compareRelations(
  source: string,
  copy: string,
  { linked = false }: { readonly linked?: boolean } = {},
): readonly string[] {
  const names = readdirSync(source).filter((name) => RELATION_FILE.test(name));
  const there = new Set(readdirSync(copy));
  const missing = names.filter((name) => !there.has(name));
  if (names.length === 0) return [`${source} has no relations`];
  if (missing.length > 0) return [`${copy} lacks ${missing.slice(0, 5).join(', ')}`];
  let alone = 0;
  for (const [index, name] of names.entries()) {
    const [one, two] = [lstatSync(join(source, name)), lstatSync(join(copy, name))];
    if (one.size !== two.size) return [`${name}: ${two.size} bytes instead of ${one.size}`];
    if (Math.floor(one.mtimeMs / 1000) !== Math.floor(two.mtimeMs / 1000))
      return [`${name}: mtime ${two.mtime.toISOString()} instead of ${one.mtime.toISOString()}`];
    if (two.nlink === 1) alone++;
    if (index % EVERY_TWENTIETH !== 0) continue;
    if (!readFileSync(join(source, name)).equals(readFileSync(join(copy, name))))
      return [`${name}: content differs`];
  }
  return linked && alone > names.length * MOST_UNLINKED
    ? [`${alone} of ${names.length} files are not hard links`]
    : [];
}
