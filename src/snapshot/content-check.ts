import { Batching } from '../sync/batching.ts';
import type { Entry, RelPath } from '../sync/entry.ts';
import { Scheduler } from '../sync/lanes/scheduler.ts';
import type { Lane, Task, TaskResult } from '../sync/lanes/task.ts';
import { joinPath } from '../sync/path.ts';
import type { Finding, UnreadFile } from './compare-tree.ts';

interface Note {
  /** In the tree. */
  readonly path: RelPath;
  readonly file: UnreadFile;
}

/** Reads files in the lanes and compares their hashes with those of the manifest. */
export class ContentCheck {
  readonly #base: RelPath;
  readonly #scheduler: Scheduler<Note>;
  readonly #onFinding: (finding: Finding, file: UnreadFile) => void;
  readonly #onRead: (bytes: number) => void;

  /** @param base where in the lanes' destination the tree stands */
  constructor(
    lanes: readonly Lane[],
    base: RelPath,
    onFinding: (finding: Finding, file: UnreadFile) => void,
    onRead: (bytes: number) => void,
  ) {
    this.#base = base;
    this.#onFinding = onFinding;
    this.#onRead = onRead;
    this.#scheduler = new Scheduler(lanes, ({ notes }, { results }) => {
      for (const [i, note] of notes.entries()) this.#judge(note, results[i]);
    });
  }

  /** Resolves when there is room for more. */
  async add(directory: RelPath, files: readonly UnreadFile[]): Promise<void> {
    const batching = new Batching<Note>(joinPath(this.#base, directory));
    for (const file of files) {
      const path = joinPath(directory, file.recorded.name);
      if (file.recorded.hash === undefined) this.#attributes(path, file);
      else batching.add(0, hashing(file.found), { path, file });
    }
    for (const noted of batching.batches(0)) await this.#scheduler.add(noted);
  }

  /** Files whose content is known to be right, or does not matter. */
  settle(directory: RelPath, files: readonly UnreadFile[]): void {
    for (const file of files) this.#attributes(joinPath(directory, file.recorded.name), file);
  }

  async drain(): Promise<void> {
    await this.#scheduler.drain();
  }

  #judge({ path, file }: Note, result: TaskResult | undefined): void {
    const { recorded, changes } = file;
    const { error } = result ?? {};
    this.#onRead(recorded.size);
    const finding = { path, type: recorded.type, changes, error: undefined };
    if (error?.code === 'NOT_FOUND') this.#onFinding({ ...finding, kind: 'missing', changes: [] }, file);
    else if (error !== undefined)
      this.#onFinding({ ...finding, kind: 'unreadable', changes: [], error }, file);
    else if (result?.hash !== recorded.hash) {
      this.#onFinding({ ...finding, kind: 'damaged', changes: ['content', ...changes] }, file);
    } else this.#attributes(path, file);
  }

  #attributes(path: RelPath, file: UnreadFile): void {
    const { recorded, changes } = file;
    if (changes.length === 0) return;
    this.#onFinding({ kind: 'attributes', path, type: recorded.type, changes, error: undefined }, file);
  }
}

/** Written out: spread from a constant it takes several times as long, here and wherever it is read. */
function hashing(entry: Entry): Task {
  return {
    do: 'hash',
    entry,
    sourceName: undefined,
    attributes: NONE,
    replaces: false,
    basis: -1,
    knownHash: undefined,
    otherwise: 'none',
    shared: false,
  };
}

const NONE = {};
