import type { ByteString } from '../system/byte-string.ts';
import type { Entry, RelPath } from './entry.ts';
import type { Batch, Task } from './lanes/task.ts';

/** A batch is full at so many tasks or so many bytes: small enough to share out, large enough to cost little. */
const MOST_TASKS = 512;
const MOST_BYTES = 8 * 1024 * 1024;
const MOST_LINKS = 1000;
const READS_CONTENT: ReadonlySet<Task['do']> = new Set(['copy', 'compare', 'hash']);

/** A batch, and what the sender keeps about each of its tasks and links, in their order. */
export interface NotedBatch<N> {
  readonly batch: Batch;
  readonly notes: readonly N[];
}

interface Open<N> {
  readonly tasks: Task[];
  readonly notes: N[];
  bytes: number;
}

interface OpenLinks<N> {
  readonly names: ByteString[];
  readonly sizes: number[];
  readonly notes: N[];
}

/** Collects the work of one directory into batches. */
export class Batching<N> {
  readonly #directory: RelPath;
  readonly #tasks = new Map<number, Open<N>>();
  readonly #links = new Map<number, OpenLinks<N>>();
  #full: NotedBatch<N>[] = [];

  constructor(directory: RelPath) {
    this.#directory = directory;
  }

  add(root: number, task: Task, note: N): void {
    const size = READS_CONTENT.has(task.do) ? task.entry.size : 0;
    if (size >= MOST_BYTES) {
      this.#close(root, { tasks: [task], notes: [note], bytes: size });
      return;
    }
    let open = this.#tasks.get(root);
    if (open === undefined || open.tasks.length >= MOST_TASKS || open.bytes + size > MOST_BYTES) {
      if (open !== undefined) this.#close(root, open);
      open = { tasks: [], notes: [], bytes: 0 };
      this.#tasks.set(root, open);
    }
    open.tasks.push(task);
    open.notes.push(note);
    open.bytes += size;
  }

  /** `entry`: of the basis. */
  link(root: number, basis: number, entry: Pick<Entry, 'name' | 'type' | 'size'>, note: N): void {
    let open = this.#links.get(basis);
    if (open === undefined) {
      open = { names: [], sizes: [], notes: [] };
      this.#links.set(basis, open);
    }
    open.names.push(entry.name);
    open.sizes.push(entry.type === 'file' ? entry.size : -1);
    open.notes.push(note);
    if (open.names.length >= MOST_LINKS) {
      this.#links.delete(basis);
      this.#closeLinks(root, basis, open);
    }
  }

  get hasFull(): boolean {
    return this.#full.length > 0;
  }

  /** The full batches, which are no longer held here. */
  takeFull(): readonly NotedBatch<N>[] {
    const full = this.#full;
    this.#full = [];
    return full;
  }

  /** All that is still held, full or not. */
  batches(root: number): readonly NotedBatch<N>[] {
    for (const [basis, open] of this.#links) this.#closeLinks(root, basis, open);
    for (const [from, open] of this.#tasks) this.#close(from, open);
    this.#links.clear();
    this.#tasks.clear();
    return this.takeFull();
  }

  #close(root: number, { tasks, notes }: Open<N>): void {
    this.#full.push({ batch: { root, directory: this.#directory, tasks, links: undefined }, notes });
  }

  #closeLinks(root: number, basis: number, { names, sizes, notes }: OpenLinks<N>): void {
    this.#full.push({
      batch: { root, directory: this.#directory, tasks: [], links: { basis, names, sizes } },
      notes,
    });
  }
}
