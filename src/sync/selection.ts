import { toText } from '../system/byte-string.ts';
import { type CellarmanError, failure } from '../system/errors.ts';
import type { Entry, RelPath } from './entry.ts';
import type { Filter } from './filter.ts';
import { joinPath } from './path.ts';
import type { SourceListing } from './source-tree.ts';

export interface SelectionRules {
  readonly recursive: boolean;
  readonly links: boolean;
  readonly filter: Filter | undefined;
}

/** Entries that take part, and which roots they come from (undefined: all the roots that were asked). */
export interface Chosen {
  readonly entries: readonly Entry[];
  readonly roots: readonly (readonly number[])[] | undefined;
  /** Names of what is there and not copied for its kind: what the destination has under them is not extraneous. */
  readonly skipped: ReadonlySet<string>;
}

type Verdict = 'chosen' | 'hidden' | 'skipped';

const NOTHING: ReadonlySet<string> = new Set();

/** Decides which entries of the source take part. */
export class Selection {
  readonly #rules: SelectionRules;
  readonly #onSkipped: (path: RelPath, error: CellarmanError) => void;

  constructor(rules: SelectionRules, onSkipped: (path: RelPath, error: CellarmanError) => void) {
    this.#rules = rules;
    this.#onSkipped = onSkipped;
  }

  choose(path: RelPath, { entries, roots }: SourceListing): Chosen {
    if (this.#takesAll(entries)) return { entries, roots, skipped: NOTHING };
    const verdicts = entries.map((entry) => this.#judge(path, entry));
    const chosen = (_: unknown, i: number): boolean => verdicts[i] === 'chosen';
    return {
      entries: entries.filter(chosen),
      roots: roots?.filter(chosen),
      skipped: new Set(entries.filter((_, i) => verdicts[i] === 'skipped').map(({ name }) => name)),
    };
  }

  /** By far the most directories: nothing in them is hidden or of a kind that stays behind. */
  #takesAll(entries: readonly Entry[]): boolean {
    const { filter, recursive, links } = this.#rules;
    if (filter !== undefined) return false;
    return entries.every(
      ({ type }) => type === 'file' || (recursive && type === 'directory') || (links && type === 'symlink'),
    );
  }

  #judge(directory: RelPath, entry: Entry): Verdict {
    const { filter, recursive, links } = this.#rules;
    const path = joinPath(directory, entry.name);
    if (filter?.hides(path, entry.type === 'directory') === true) return 'hidden';
    switch (entry.type) {
      case 'file':
        return 'chosen';
      case 'directory':
        return recursive ? 'chosen' : this.#skip('DIRECTORY_SKIPPED', path);
      case 'symlink':
        return links ? 'chosen' : this.#skip('SYMLINK_SKIPPED', path);
      default:
        return this.#skip('SPECIAL_FILE', path);
    }
  }

  #skip(code: 'DIRECTORY_SKIPPED' | 'SYMLINK_SKIPPED' | 'SPECIAL_FILE', path: RelPath): 'skipped' {
    this.#onSkipped(path, failure(code, { path: toText(path) }));
    return 'skipped';
  }
}
