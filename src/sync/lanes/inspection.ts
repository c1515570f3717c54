import type { Entry, RelPath } from '../entry.ts';

/**
 * How somebody looks at contents as they pass a lane, as plain data for worker threads: the lane imports the module once
 * and asks it for each file.
 *
 * Only what is read is seen: files that are copied, compared, or hashed where they stand; not those that are linked or
 * kept because their size and time, or a manifest, say enough.
 */
export interface InspectionSpec {
  /** URL of a module whose default export is an {@link OpenInspection}. */
  readonly module: string;
  /** What that function is called with; anything that structured cloning carries. */
  readonly settings: unknown;
}

export type OpenInspection = (settings: unknown) => Inspect | Promise<Inspect>;

/**
 * `path`: in the transfer, so also that of the copy below its base. Undefined: this file is of no interest. A file that
 * has to be read once more is asked for once more, and what was found before is dropped.
 */
export type Inspect = (path: RelPath, entry: Entry) => Inspector | undefined;

/** Looks at one file. */
export interface Inspector {
  /** The next bytes, in order and without gaps from `offset` 0 on; they belong to it only during the call. */
  block(bytes: Uint8Array, offset: number): void;
  /** What was found, small and structured-cloneable, for `TransferSetup.onInspected`; undefined for nothing. */
  finish(): unknown;
}

/** What `inspector` finds in content that is there as a whole. */
export function inspectWhole(inspector: Inspector | undefined, blocks: readonly Uint8Array[]): unknown {
  if (inspector === undefined) return undefined;
  let offset = 0;
  for (const block of blocks) {
    inspector.block(block, offset);
    offset += block.length;
  }
  return inspector.finish();
}

export async function openInspection(spec: InspectionSpec | undefined): Promise<Inspect | undefined> {
  if (spec === undefined) return undefined;
  // The module's author promises its form in `InspectionSpec.module`.
  const { default: open } = (await import(spec.module)) as { readonly default: OpenInspection };
  return await open(spec.settings);
}
