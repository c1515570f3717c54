import { failure } from '../../system/errors.ts';
import type { Backup } from '../catalogue/backup.ts';

/** A tablespace of a backup and where it shall lie. */
export interface PlacedTablespace {
  readonly name: string;
  readonly oid: number;
  /** Absolute. */
  readonly location: string;
}

/** `NAME:LOCATION` of `--tablespace`. USAGE. */
export function parseRelocations(texts: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const text of texts) {
    if (!/.:/s.test(text)) throw usage(`--tablespace=${text}: write NAME:LOCATION`);
    // A name may have colons, too.
    const colon = text.indexOf(':/');
    const name = text.slice(0, Math.max(colon, 0));
    const location = text.slice(colon + 1);
    if (name === '' || location.includes('\n'))
      throw usage(`--tablespace=${text}: the location must be an absolute path`);
    if (found.has(name)) throw usage(`--tablespace=${text}: ${name} is given twice`);
    found.set(name, location.replace(/\/+$/, ''));
  }
  return found;
}

/** Where each tablespace goes: as wished, otherwise where it was. Sorted by oid as text, as directories are walked. */
export function placeTablespaces(
  { fields }: Pick<Backup, 'fields'>,
  relocations: ReadonlyMap<string, string>,
): PlacedTablespace[] {
  const tablespaces = fields.tablespaces ?? [];
  const names = tablespaces.map(({ name }) => name);
  for (const name of relocations.keys()) {
    if (names.includes(name)) continue;
    const known = names.length === 0 ? 'it has none' : `it has: ${names.join(', ')}`;
    throw usage(`--tablespace=${name}: the backup has no tablespace of this name; ${known}`);
  }
  return tablespaces
    .map(({ name, oid, location }) => ({ name, oid, location: relocations.get(name) ?? location }))
    .sort((a, b) => (String(a.oid) < String(b.oid) ? -1 : 1));
}

const usage = (detail: string): Error => failure('USAGE', { detail });
