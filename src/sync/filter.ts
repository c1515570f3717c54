import type { RelPath } from './entry.ts';
import { type FilterOptions, type FilterSource, parseRules } from './filter/parse.ts';
import { firstMatch } from './filter/rules.ts';

export type { FilterOptions, FilterSource } from './filter/parse.ts';

/**
 * Which paths take part, by rsync's filter rules (rsync(1), "FILTER RULES"). Paths are relative to the root of the
 * transfer as rsync has it: `SRC` gives `SRC/file`, `SRC/` gives `file`. A rule is tried on every directory on the way
 * first: whoever walks asks for the directory and, where it is hidden, does not enter it. The root itself (the empty
 * path) is neither hidden nor protected.
 */
export interface Filter {
  /** The sender's side: the path is left out of the transfer. */
  hides(path: RelPath, directory: boolean): boolean;
  /**
   * The receiver's side: the path is never deleted. `inDoomedDirectory` says that the directory around it is being
   * deleted itself: perishable rules (modifier `p`) do not count there.
   */
  protects(path: RelPath, directory: boolean, inDoomedDirectory?: boolean): boolean;
}

/**
 * Compiles rules, in the order of the command line: the first one that matches decides, and what none matches takes
 * part. Reads the files they name, at once.
 * @throws CellarmanError USAGE for a rule that cannot be understood or kept, FILE_UNREADABLE for a file of rules.
 */
export function parseFilter(sources: readonly FilterSource[], options: FilterOptions = {}): Filter {
  const rules = parseRules(sources, options);
  const sender = rules.filter((rule) => rule.side !== 'receiver');
  const receiver = rules.filter((rule) => rule.side !== 'sender');
  const lasting = receiver.filter((rule) => !rule.perishable);
  const excludes = (list: typeof rules, path: RelPath, directory: boolean): boolean =>
    path !== '' && firstMatch(list, path, directory)?.include === false;
  return {
    hides: (path, directory) => excludes(sender, path, directory),
    protects: (path, directory, inDoomedDirectory = false) =>
      excludes(inDoomedDirectory ? lasting : receiver, path, directory),
  };
}
