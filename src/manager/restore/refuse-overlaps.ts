import { isWithin } from '../../sync/resolve.ts';
import { fromText, toText } from '../../system/byte-string.ts';
import { failure } from '../../system/errors.ts';
import type { Layout } from '../catalogue/layout.ts';
import type { Place } from './destination.ts';
import { recoveryWalBelow } from './selection.ts';

export interface RestorePlaces {
  readonly data: Place;
  readonly tablespaces: readonly { readonly name: string; readonly place: Place }[];
  /** Where WAL for recovery goes, where that was said. */
  readonly staging: Place | undefined;
}

/**
 * Refuses places of which one would be emptied for the other: two tablespaces in one directory, WAL that the server
 * removes at the end of recovery together with its own files, and anything where the backups and their WAL are.
 * DESTINATION_IN_USE.
 */
export async function refuseOverlaps(places: RestorePlaces, layout: Layout): Promise<void> {
  const { data, tablespaces, staging } = places;
  refuseSharing(places);
  if (staging !== undefined) refuseStaging(staging, data, tablespaces);
  if (data.site.name !== '') return;
  const all = [data, ...tablespaces.map(({ place }) => place), ...(staging === undefined ? [] : [staging])];
  for (const directory of catalogueOf(layout)) {
    const real = await data.site.real(fromText(directory));
    if (real === undefined) continue;
    for (const place of all) {
      if (isWithin(place.path, real))
        throw refusal(place, `lies in ${directory}, where backups or their WAL are kept`);
      if (isWithin(real, place.path))
        throw refusal(place, `holds ${directory}, where backups or their WAL are kept`);
    }
  }
}

const catalogueOf = ({ base, meta, wals, incoming, streaming, errors }: Layout): string[] => [
  base,
  meta,
  wals,
  incoming,
  streaming,
  errors,
];

function refuseSharing({ data, tablespaces }: RestorePlaces): void {
  const taken = new Map<string, string>([[data.path, 'is the data directory']]);
  for (const { name, place } of tablespaces) {
    const by = taken.get(place.path);
    if (by !== undefined) {
      throw refusal(
        place,
        `${by}; tablespace ${name} needs a directory of its own: --tablespace NAME:LOCATION`,
      );
    }
    taken.set(place.path, `holds tablespace ${name}`);
  }
}

function refuseStaging(staging: Place, data: Place, tablespaces: RestorePlaces['tablespaces']): void {
  if (staging.path === recoveryWalBelow(data.path)) return;
  for (const { path } of [data, ...tablespaces.map(({ place }) => place)]) {
    if (!isWithin(staging.path, path) && !isWithin(path, staging.path)) continue;
    throw refusal(
      staging,
      `cannot take WAL for recovery: the server removes it at the end, and ${toText(path)} with it or in part`,
    );
  }
}

const refusal = ({ path }: Place, detail: string): Error =>
  failure('DESTINATION_IN_USE', { path: toText(path), detail });
