import { toText } from '../system/byte-string.ts';
import { type CellarmanError, failure } from '../system/errors.ts';
import type { Entry, RelPath } from './entry.ts';
import type { Filter } from './filter.ts';
import { joinPath } from './path.ts';
import type { SourceListing } from './source-tree.ts';

export interface SelectionRules {
  readonly recursive: boolean;
  readonly links: boolean;
  readonly oneFileSystem: boolean;
  readonly filter: Filter | undefined;
}

/** Entries that take part, and which roots they come from (undefined: all the roots that were asked). */
export interface Chosen {
  readonly entries: readonly Entry[];
  readonly roots: readonly (readonly number[])[] | undefined;
}

/** Decides which entries of the source take part. */
export class Selection {
  readonly #rules: SelectionRules;
  readonly #onSkipped: (path: RelPath, error: CellarmanError) => void;

  constructor(rules: SelectionRules, onSkipped: (path: RelPath, error: CellarmanError) => void) {
    this.#rules = rules;
    this.#onSkipped = onSkipped;
  }

  choose(path: RelPath, { entries, roots }: SourceListing): Chosen {
    const keep = entries.map((entry) => this.#takesPart(path, entry));
    if (!keep.includes(false)) return { entries, roots };
    return {
      entries: entries.filter((_, i) => keep[i]),
      roots: roots?.filter((_, i) => keep[i]),
    };
  }

  /** Whether what lies below a directory takes part too. */
  enters(entry: Entry, top: Entry | undefined): boolean {
    if (!this.#rules.oneFileSystem || top?.identity === undefined || entry.identity === undefined)
      return true;
    return entry.identity.device === top.identity.device;
  }

  #takesPart(directory: RelPath, entry: Entry): boolean {
    const { filter, recursive, links } = this.#rules;
    const path = joinPath(directory, entry.name);
    if (filter?.hides(path, entry.type === 'directory') === true) return false;
    switch (entry.type) {
      case 'file':
        return true;
      case 'directory':
        return recursive || this.#skip('DIRECTORY_SKIPPED', path);
      case 'symlink':
        return links || this.#skip('SYMLINK_SKIPPED', path);
      default:
        return this.#skip('SPECIAL_FILE', path);
    }
  }

  #skip(code: 'DIRECTORY_SKIPPED' | 'SYMLINK_SKIPPED' | 'SPECIAL_FILE', path: RelPath): false {
    this.#onSkipped(path, failure(code, { path: toText(path) }));
    return false;
  }
}
