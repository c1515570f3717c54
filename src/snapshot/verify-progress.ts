import type { ProgressEvent } from '../sync/report.ts';

const PROGRESS_EVERY = 100;

/** Tells how far a verification is. */
export class VerifyProgress {
  readonly #onProgress: ((progress: ProgressEvent) => void) | undefined;
  #totalFiles = 0;
  #totalBytes = 0;
  #files = 0;
  #bytes = 0;
  #told = 0;

  constructor(onProgress: ((progress: ProgressEvent) => void) | undefined) {
    this.#onProgress = onProgress;
  }

  expect(files: number, bytes: number): void {
    this.#totalFiles += files;
    this.#totalBytes += bytes;
  }

  file(bytes: number): void {
    this.#files++;
    this.#bytes += bytes;
    if (Date.now() - this.#told >= PROGRESS_EVERY) this.end();
  }

  /** Tells at once. */
  end(): void {
    this.#told = Date.now();
    this.#onProgress?.({
      type: 'progress',
      scanned: this.#files,
      scanEnded: true,
      totalFiles: this.#totalFiles,
      totalBytes: this.#totalBytes,
      files: this.#files,
      bytes: this.#bytes,
    });
  }
}
