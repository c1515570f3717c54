import { CellarmanError } from '../system/errors.ts';
import type { Entry, RelPath } from './entry.ts';
import { joinPath, ROOT } from './path.ts';
import { isOfPath } from './run-failure.ts';
import type { SourceListing } from './source-tree.ts';
import type { TransferSetup } from './transfer-setup.ts';
import type { Walker } from './walk.ts';

/** A directory on its way through the walk. */
export interface Place {
  readonly path: RelPath;
  /** The source's directory; undefined for a destination that is given single entries only. */
  readonly entry: Entry | undefined;
  /** What stands in the destination; undefined where it is new. */
  readonly existing: Entry | undefined;
  /** Which source roots have it. */
  readonly roots: readonly number[];
  /** Which bases have to be listed here. */
  readonly inBasis: readonly boolean[];
  /** Resolves when it can be filled, to false when it cannot be made. */
  readonly standing: Promise<boolean>;
  readonly children: Place[];
}

/** What is in a directory on all sides. */
export interface Loaded {
  readonly source: SourceListing;
  /** What stands in the destination; or why that cannot be seen. */
  readonly existing: readonly Entry[] | CellarmanError;
  readonly bases: readonly (readonly Entry[])[];
}

const NOTHING_THERE: readonly Entry[] = [];

/** Where the walk begins; `entry` is the source's directory. */
export function topPlace({ source, bases, baseEntry }: TransferSetup, entry: Entry | undefined): Place {
  return {
    path: ROOT,
    entry,
    existing: baseEntry,
    roots: source.all,
    inBasis: bases.map((basis) => basis.recall === undefined),
    standing: Promise.resolve(true),
    children: [],
  };
}

/** Lists source, destination and bases together. */
export function placeWalker(setup: TransferSetup): Walker<Place, Loaded> {
  return {
    load: (place) => load(setup, place),
    children: ({ children }) => children,
    weigh: ({ source, existing }) =>
      source.entries.length + (existing instanceof CellarmanError ? 0 : existing.length),
  };
}

async function load(setup: TransferSetup, place: Place): Promise<Loaded> {
  const { source, destination, bases } = setup;
  const [listing, existing, ...fromBases] = await Promise.all([
    source.list(place.path, place.roots),
    standingIn(setup, place),
    ...bases.map((basis, i) =>
      place.inBasis[i] === true
        ? // A basis is a help, not a need: what cannot be read there is transferred.
          destination.list(joinPath(basis.path, place.path)).catch(ifOfPath(NOTHING_THERE))
        : NOTHING_THERE,
    ),
  ]);
  return { source: listing, existing, bases: fromBases };
}

async function standingIn(
  { destination, base }: TransferSetup,
  { path, existing, standing }: Place,
): Promise<readonly Entry[] | CellarmanError> {
  if (existing === undefined || !(await standing)) return NOTHING_THERE;
  try {
    return await destination.list(joinPath(base, path));
  } catch (error) {
    if (!isOfPath(error)) throw error;
    return error.code === 'NOT_FOUND' ? NOTHING_THERE : error;
  }
}

function ifOfPath<T>(instead: T): (error: unknown) => T {
  return (error) => {
    if (isOfPath(error)) return instead;
    throw error;
  };
}
