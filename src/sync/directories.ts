import { checkAborted } from '../system/abort.ts';
import type { Endpoint, OnProblem } from './endpoint.ts';
import type { Attributes, Entry, RelPath } from './entry.ts';
import { joinPath } from './path.ts';
import { isOfPath } from './run-failure.ts';

interface Finished {
  readonly path: RelPath;
  readonly attributes: Attributes;
}

/** Bits that this program needs on a directory while it fills it. */
export const USABLE = 0o700;

/**
 * Makes the directories of the destination, and gives them their attributes when everything below stands: filling a
 * directory changes its time, and some may not be filled with the mode they shall have.
 */
export class Directories {
  readonly #destination: Endpoint;
  readonly #base: RelPath;
  readonly #onProblem: OnProblem;
  readonly #unfinished: Finished[] = [];
  readonly #made: RelPath[] = [];

  constructor(destination: Endpoint, base: RelPath, onProblem: OnProblem) {
    this.#destination = destination;
    this.#base = base;
    this.#onProblem = onProblem;
  }

  /**
   * Makes a directory once `parent` is there; `inTheWay` is something else of that name, which goes first. Resolves to
   * whether it stands.
   */
  async make(
    path: RelPath,
    mode: number,
    parent: Promise<boolean>,
    inTheWay: Entry | undefined,
  ): Promise<boolean> {
    if (!(await parent)) return false;
    const target = joinPath(this.#base, path);
    try {
      if (inTheWay !== undefined) await this.#destination.removeFile(target);
      await this.#destination.makeDirectory(target, mode | USABLE);
      return true;
    } catch (error) {
      if (!isOfPath(error)) throw error;
      this.#onProblem(path, error);
      return false;
    }
  }

  /** An existing directory that this program cannot fill becomes usable until it is finished. */
  async open(path: RelPath, existing: Entry, parent: Promise<boolean>): Promise<boolean> {
    if (!(await parent)) return false;
    if (isUsable(existing.mode)) return true;
    // It may belong to somebody else, whose permissions decide then: whatever fails inside says so.
    await this.#destination
      .setAttributes(joinPath(this.#base, path), { mode: existing.mode | USABLE })
      .catch(() => {});
    return true;
  }

  /** To be given these attributes at the end. Called in the order of the walk. */
  finishLater(path: RelPath, attributes: Attributes): void {
    this.#unfinished.push({ path, attributes });
  }

  /** To be made durable at the end. */
  syncLater(path: RelPath): void {
    this.#made.push(path);
  }

  /** From below, so that nothing that is set is changed again. */
  async finish(signal: AbortSignal): Promise<void> {
    const concurrency = this.#destination.capabilities.concurrency;
    const queue = this.#unfinished;
    const closing: Finished[] = [];
    while (queue.length > 0) {
      checkAborted(signal);
      const some = queue.splice(-concurrency).reverse();
      closing.push(...some.filter(closesTheWay));
      await Promise.all(some.filter((one) => !closesTheWay(one)).map((one) => this.#finishOne(one)));
    }
    for (const one of closing) await this.#finishOne(one);
    while (this.#made.length > 0) {
      checkAborted(signal);
      const some = this.#made.splice(-concurrency).reverse();
      await Promise.all(some.map((path) => this.#destination.syncDirectory(joinPath(this.#base, path))));
    }
  }

  async #finishOne({ path, attributes }: Finished): Promise<void> {
    try {
      await this.#destination.setAttributes(joinPath(this.#base, path), attributes);
    } catch (error) {
      if (!isOfPath(error)) throw error;
      this.#onProblem(path, error);
    }
  }
}

/** Whether a directory of this mode can be filled by its owner. */
export function isUsable(mode: number): boolean {
  return (mode & USABLE) === USABLE;
}

/** With such a mode nothing below can be reached any more. */
function closesTheWay({ attributes }: Finished): boolean {
  return attributes.mode !== undefined && !isUsable(attributes.mode);
}
