import type { CellarmanError } from '../system/errors.ts';
import type { EntryType, RelPath } from './entry.ts';
import type { Counts, EntryEvent, SyncEvent, SyncReport } from './report.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends Counts ? Record<EntryType, number> : T[K] };

const noCounts = (): Record<EntryType, number> => ({
  file: 0,
  directory: 0,
  symlink: 0,
  fifo: 0,
  socket: 0,
  device: 0,
});

/** Progress is told at most so often, milliseconds. */
const PROGRESS_EVERY = 100;

export type EventDetail = 'none' | 'touched' | 'all';

/** Counts what happens and tells it on. */
export class Tally {
  readonly report: Mutable<SyncReport>;
  readonly detail: EventDetail;
  readonly #onEvent: ((event: SyncEvent) => void) | undefined;
  readonly #begun = Date.now();
  #lastProgress = 0;
  #scanned = 0;
  #scanEnded = false;
  #totalFiles = 0;
  #totalBytes = 0;
  #files = 0;
  #bytes = 0;

  constructor(onEvent: ((event: SyncEvent) => void) | undefined, detail: EventDetail, dryRun: boolean) {
    this.#onEvent = onEvent;
    this.detail = onEvent === undefined ? 'none' : detail;
    this.report = {
      entries: noCounts(),
      created: noCounts(),
      removed: noCounts(),
      transferredFiles: 0,
      transferredBytes: 0,
      linkedFiles: 0,
      linkedBytes: 0,
      comparedFiles: 0,
      comparedBytes: 0,
      totalBytes: 0,
      vanished: 0,
      failed: 0,
      removalsSkipped: 0,
      removalsStopped: false,
      reconnects: 0,
      scanTime: 0,
      time: 0,
      dryRun,
    };
  }

  scanned(count: number): void {
    this.#scanned += count;
    this.#progress();
  }

  scanEnded(): void {
    this.#scanEnded = true;
    this.report.scanTime = Date.now() - this.#begun;
    this.#progress();
  }

  /** A file is going to be transferred. */
  expect(bytes: number): void {
    this.#totalFiles++;
    this.#totalBytes += bytes;
  }

  /** Content has arrived. */
  onBytes(bytes: number): void {
    this.#bytes += bytes;
    this.#progress();
  }

  /** A file stands. */
  settled(): void {
    this.#files++;
    this.#progress();
  }

  entry(event: EntryEvent): void {
    if (this.detail === 'none') return;
    if (this.detail === 'touched' && event.action === 'link' && event.leader === undefined) return;
    this.#onEvent?.(event);
  }

  /** A failure of one path. What is gone from the source has vanished. */
  problem(path: RelPath, error: CellarmanError): void {
    if (error.code === 'VANISHED') this.report.vanished++;
    else this.report.failed++;
    this.#onEvent?.({ type: 'problem', path, error });
  }

  /** A connection was lost and is being made again. */
  onLost(error: CellarmanError): void {
    this.report.reconnects++;
    this.warning(`${error.message}; connecting again`);
  }

  warning(message: string): void {
    this.#onEvent?.({ type: 'warning', message });
  }

  end(): SyncReport {
    this.#lastProgress = 0;
    this.#progress();
    this.report.time = Date.now() - this.#begun;
    return this.report;
  }

  #progress(): void {
    if (this.#onEvent === undefined) return;
    const now = Date.now();
    if (now - this.#lastProgress < PROGRESS_EVERY) return;
    this.#lastProgress = now;
    this.#onEvent({
      type: 'progress',
      scanned: this.#scanned,
      scanEnded: this.#scanEnded,
      totalFiles: this.#totalFiles,
      totalBytes: this.#totalBytes,
      files: this.#files,
      bytes: this.#bytes,
    });
  }
}
