import type { Output } from './context.ts';

/** Bytes that are worth one call of the system. */
const FULL = 65_536;

/**
 * Gathers the short texts of one turn of the event loop, since each write to a file or pipe is a call of the system of
 * its own. `beforeWrite` is called before anything really goes out.
 */
export class BufferedOutput {
  readonly #output: Output;
  readonly #beforeWrite: () => void;
  #text = '';
  #scheduled: NodeJS.Immediate | undefined;

  constructor(output: Output, beforeWrite: () => void) {
    this.#output = output;
    this.#beforeWrite = beforeWrite;
  }

  write(text: string): void {
    this.#text += text;
    if (this.#text.length >= FULL) this.flush();
    else this.#scheduled ??= setImmediate(() => this.flush());
  }

  /** To be called at the end, and before other text that has to come after. */
  flush(): void {
    clearImmediate(this.#scheduled);
    this.#scheduled = undefined;
    if (this.#text === '') return;
    this.#beforeWrite();
    this.#output.write(this.#text);
    this.#text = '';
  }
}
