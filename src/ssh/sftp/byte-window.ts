import type { CellarmanError } from '../../system/errors.ts';

interface Waiting {
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (error: CellarmanError) => void;
}

/** Bounds the bytes that are under way in one direction. Who finds no room waits in turn. */
export class ByteWindow {
  readonly #limit: number;
  #used = 0;
  readonly #waiting: Waiting[] = [];
  #failure: CellarmanError | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get used(): number {
    return this.#used;
  }

  /**
   * Takes room for so many bytes: at once, then the answer is undefined, or when the promise resolves. Rejects when the
   * session ends. What is larger than the window passes alone.
   */
  acquire(bytes: number): Promise<void> | undefined {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#waiting.length === 0 && this.#fits(bytes)) {
      this.#used += bytes;
      return undefined;
    }
    return new Promise((resolve, reject) => this.#waiting.push({ bytes, resolve, reject }));
  }

  release(bytes: number): void {
    this.#used -= bytes;
    for (let next = this.#waiting[0]; next !== undefined && this.#fits(next.bytes); next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#used += next.bytes;
      next.resolve();
    }
  }

  fail(error: CellarmanError): void {
    this.#failure = error;
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }

  #fits(bytes: number): boolean {
    return this.#used === 0 || this.#used + bytes <= this.#limit;
  }
}
