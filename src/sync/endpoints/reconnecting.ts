import { setTimeout as sleep } from 'node:timers/promises';
import { checkAborted } from '../../system/abort.ts';
import { toText } from '../../system/byte-string.ts';
import { type CellarmanError, failure, isFailure } from '../../system/errors.ts';
import type { Capabilities, Endpoint, ReadFile, ResumedFile, Space, WriteFile } from '../endpoint.ts';
import type { Attributes, Entry, RelPath } from '../entry.ts';

/** Milliseconds before each attempt to connect again; then the connection counts as gone for good. */
const BACK_OFF = [0, 500, 1000, 2000, 4000, 8000, 15000];

export interface Reconnection {
  /** Connects anew. */
  readonly open: () => Promise<Endpoint>;
  /** A connection was lost and is being made again. */
  readonly onLost: (error: CellarmanError) => void;
  /** The endpoint was closed for good. */
  readonly onClosed: () => Promise<void>;
  readonly signal: AbortSignal;
}

/**
 * An endpoint that survives the loss of its connection: it connects again with growing pauses and repeats what was under
 * way. An operation that may have been done before the loss counts as done when it turns out to be. A file being read
 * goes on at its offset if it is still the same; one being written is lost to its writer, who can `resume` it.
 */
export async function reconnecting(reconnection: Reconnection): Promise<Endpoint> {
  return new ReconnectingEndpoint(await reconnection.open(), reconnection);
}

class ReconnectingEndpoint implements Endpoint {
  readonly capabilities: Capabilities;
  readonly name: string;
  readonly #reconnection: Reconnection;
  #current: Endpoint;
  #remaking: Promise<Endpoint> | undefined;
  #closed = false;

  constructor(first: Endpoint, reconnection: Reconnection) {
    this.capabilities = first.capabilities;
    this.name = first.name;
    this.#current = first;
    this.#reconnection = reconnection;
  }

  list(directory: RelPath): Promise<Entry[]> {
    return this.attempt((endpoint) => endpoint.list(directory));
  }

  lookup(path: RelPath): Promise<Entry | undefined> {
    return this.attempt((endpoint) => endpoint.lookup(path));
  }

  follow(path: RelPath): Promise<Entry | undefined> {
    return this.attempt((endpoint) => endpoint.follow(path));
  }

  async openRead(path: RelPath, listed?: Entry): Promise<ReadFile> {
    const open = (): Promise<ReadFile> => this.attempt((endpoint) => endpoint.openRead(path, listed));
    return new ReconnectingReadFile(await open(), open, path);
  }

  create(path: RelPath): Promise<WriteFile> {
    return this.attempt(
      (endpoint) => endpoint.create(path),
      async (endpoint) => {
        // The name is one that nobody else uses: what stands there now is what the lost request made.
        await endpoint.removeFile(path).catch(ignore('NOT_FOUND'));
        return await endpoint.create(path);
      },
    );
  }

  resume(path: RelPath, most: number): Promise<ResumedFile> {
    return this.attempt((endpoint) => {
      if (endpoint.resume === undefined)
        throw failure('UNSUPPORTED', { operation: 'resume', where: endpoint.name });
      return endpoint.resume(path, most);
    });
  }

  makeDirectory(path: RelPath, mode: number): Promise<void> {
    return this.#twice((endpoint) => endpoint.makeDirectory(path, mode), 'EXISTS');
  }

  symlink(path: RelPath, target: RelPath): Promise<void> {
    return this.#twice((endpoint) => endpoint.symlink(path, target), 'EXISTS');
  }

  link(existing: RelPath, path: RelPath): Promise<void> {
    return this.#twice((endpoint) => endpoint.link(existing, path), 'EXISTS');
  }

  rename(from: RelPath, to: RelPath): Promise<void> {
    return this.#twice((endpoint) => endpoint.rename(from, to), 'NOT_FOUND');
  }

  setAttributes(path: RelPath, attributes: Attributes): Promise<void> {
    return this.attempt((endpoint) => endpoint.setAttributes(path, attributes));
  }

  removeFile(path: RelPath): Promise<void> {
    return this.#twice((endpoint) => endpoint.removeFile(path), 'NOT_FOUND');
  }

  removeDirectory(path: RelPath): Promise<void> {
    return this.#twice((endpoint) => endpoint.removeDirectory(path), 'NOT_FOUND');
  }

  syncDirectory(path: RelPath): Promise<void> {
    return this.attempt((endpoint) => endpoint.syncDirectory(path));
  }

  fileSystem(directory: RelPath): Promise<string | undefined> {
    return this.attempt(async (endpoint) => endpoint.fileSystem?.(directory));
  }

  space(): Promise<Space | undefined> {
    return this.attempt((endpoint) => endpoint.space());
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#remaking?.catch(() => {});
    await this.#current.close();
    await this.#reconnection.onClosed();
  }

  /** Runs an operation; after a loss `again`, as often as the connection can be made again. */
  async attempt<T>(
    operation: (endpoint: Endpoint) => Promise<T>,
    again: (endpoint: Endpoint) => Promise<T> = operation,
  ): Promise<T> {
    for (let run = operation; ; run = again) {
      const endpoint = await (this.#remaking ?? this.#current);
      try {
        return await run(endpoint);
      } catch (error) {
        if (!isFailure(error, 'CONNECTION_LOST') || this.#closed) throw error;
        await this.#remake(endpoint, error);
      }
    }
  }

  /** An operation that, when it is repeated, fails with `done` because it was carried out the first time. */
  #twice(operation: (endpoint: Endpoint) => Promise<void>, done: 'EXISTS' | 'NOT_FOUND'): Promise<void> {
    return this.attempt(operation, (endpoint) => operation(endpoint).catch(ignore(done)));
  }

  async #remake(lost: Endpoint, error: CellarmanError): Promise<void> {
    if (lost === this.#current && this.#remaking === undefined) {
      this.#remaking = this.#connect(error);
      this.#remaking.then(
        (endpoint) => {
          this.#current = endpoint;
          this.#remaking = undefined;
        },
        () => {},
      );
      void lost.close();
    }
    await this.#remaking;
  }

  async #connect(error: CellarmanError): Promise<Endpoint> {
    const { open, onLost, signal } = this.#reconnection;
    onLost(error);
    let last: unknown = error;
    for (const pause of BACK_OFF) {
      await sleep(pause, undefined, { signal }).catch(() => checkAborted(signal));
      try {
        return await open();
      } catch (reason) {
        // Whatever will not be otherwise in a moment is not tried again.
        if (!isFailure(reason, 'CONNECTION_LOST', 'HOST_UNREACHABLE', 'NO_SFTP')) throw reason;
        last = reason;
      }
    }
    throw last;
  }
}

class ReconnectingReadFile implements ReadFile {
  #file: ReadFile;
  readonly #reopen: () => Promise<ReadFile>;
  readonly #path: RelPath;
  #first: Entry | undefined;

  constructor(file: ReadFile, reopen: () => Promise<ReadFile>, path: RelPath) {
    this.#file = file;
    this.#reopen = reopen;
    this.#path = path;
  }

  async stat(): Promise<Entry> {
    try {
      this.#first = await this.#file.stat();
    } catch (error) {
      if (!isFailure(error, 'CONNECTION_LOST')) throw error;
      await this.#goOn();
      this.#first = await this.#file.stat();
    }
    return this.#first;
  }

  async *read(start: number, end: number): AsyncGenerator<Uint8Array> {
    for (let at = start; ; ) {
      try {
        for await (const block of this.#file.read(at, end)) {
          at += block.length;
          yield block;
        }
        return;
      } catch (error) {
        if (!isFailure(error, 'CONNECTION_LOST')) throw error;
        await this.#goOn();
      }
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  /** Opens the file again. Whether it is still the same, the caller sees by its attributes when it has read to the end. */
  async #goOn(): Promise<void> {
    const before = this.#first;
    this.#file = await this.#reopen();
    if (before === undefined) return;
    const now = await this.#file.stat();
    if (now.size !== before.size || now.mtime !== before.mtime) {
      throw failure('CHANGED_WHILE_READ', { path: toText(this.#path) });
    }
  }
}

function ignore(code: 'EXISTS' | 'NOT_FOUND'): (error: unknown) => void {
  return (error) => {
    if (!isFailure(error, code)) throw error;
  };
}
