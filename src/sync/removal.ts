import { checkAborted } from '../system/abort.ts';
import { isUsable, USABLE } from './directories.ts';
import type { Endpoint, OnProblem } from './endpoint.ts';
import type { Entry, RelPath } from './entry.ts';
import type { Filter } from './filter.ts';
import { joinPath } from './path.ts';
import { isOfPath } from './run-failure.ts';

export interface RemovalRules {
  /** What it protects is not removed, nor any directory that holds such a thing. */
  readonly filter: Filter | undefined;
  /** Removals in all; undefined for no limit. */
  readonly most: number | undefined;
  readonly dryRun: boolean;
}

/** Removes what the source does not have, contents before their directory, in reverse order, as rsync(1) does. */
export class Removal {
  readonly #destination: Endpoint;
  readonly #base: RelPath;
  readonly #rules: RemovalRules;
  readonly #onRemoved: (path: RelPath, entry: Entry) => void;
  readonly #onProblem: OnProblem;
  #removed = 0;
  /** Removals that the limit forbade. */
  skipped = 0;

  constructor(
    destination: Endpoint,
    base: RelPath,
    rules: RemovalRules,
    onRemoved: (path: RelPath, entry: Entry) => void,
    onProblem: OnProblem,
  ) {
    this.#destination = destination;
    this.#base = base;
    this.#rules = rules;
    this.#onRemoved = onRemoved;
    this.#onProblem = onProblem;
  }

  /** Resolves to whether the entry is gone. `inDoomed`: the directory around it is being removed too. */
  async remove(path: RelPath, entry: Entry, signal: AbortSignal, inDoomed = false): Promise<boolean> {
    checkAborted(signal);
    const directory = entry.type === 'directory';
    if (this.#rules.filter?.protects(path, directory, inDoomed) === true) return false;
    try {
      if (directory && !(await this.#empty(path, entry, signal))) return false;
      if (this.#rules.most !== undefined && this.#removed >= this.#rules.most) {
        this.skipped++;
        return false;
      }
      this.#removed++;
      if (!this.#rules.dryRun) {
        const target = joinPath(this.#base, path);
        await (directory ? this.#destination.removeDirectory(target) : this.#destination.removeFile(target));
      }
      this.#onRemoved(path, entry);
      return true;
    } catch (error) {
      if (!isOfPath(error)) throw error;
      if (error.code === 'NOT_FOUND') return true;
      this.#onProblem(path, error);
      return false;
    }
  }

  async #empty(path: RelPath, { mode }: Entry, signal: AbortSignal): Promise<boolean> {
    const target = joinPath(this.#base, path);
    const isLocked = !isUsable(mode) && !this.#rules.dryRun;
    // Whatever it forbids after that says so.
    if (isLocked) await this.#destination.setAttributes(target, { mode: mode | USABLE }).catch(() => {});
    let empty = true;
    for (const entry of (await this.#destination.list(target)).reverse()) {
      if (!(await this.remove(joinPath(path, entry.name), entry, signal, true))) empty = false;
    }
    if (isLocked && !empty) await this.#destination.setAttributes(target, { mode }).catch(() => {});
    return empty;
  }
}
