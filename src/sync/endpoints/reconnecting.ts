import { failure, isFailure } from '../../system/errors.ts';
import type {
  Capabilities,
  Endpoint,
  NewFile,
  NewFiles,
  ReadFile,
  ResumedFile,
  Space,
  WholeFiles,
  WriteFile,
} from '../endpoint.ts';
import type { Attributes, Entry, RelPath } from '../entry.ts';
import { joinPath } from '../path.ts';
import { isOfPath } from '../run-failure.ts';
import { type Reconnection, Reconnector } from './reconnector.ts';

/**
 * An endpoint that survives the loss of its connection: it connects again with growing pauses and repeats what was under
 * way. An operation that may have been done before the loss counts as done when it turns out to be. A file being read
 * goes on at its offset: whether it is still the same, the reader sees by its attributes at the end. One being written is
 * lost to its writer, who can `resume` it.
 */
export async function reconnecting(
  reconnection: Reconnection<Endpoint>,
  onClosed: () => Promise<void>,
): Promise<Endpoint> {
  const connection = new Reconnector(reconnection);
  return new ReconnectingEndpoint(await connection.current, connection, onClosed);
}

class ReconnectingEndpoint implements Endpoint {
  readonly capabilities: Capabilities;
  readonly name: string;
  readonly #connection: Reconnector<Endpoint>;
  readonly #onClosed: () => Promise<void>;

  constructor(first: Endpoint, connection: Reconnector<Endpoint>, onClosed: () => Promise<void>) {
    this.capabilities = first.capabilities;
    this.name = first.name;
    this.#connection = connection;
    this.#onClosed = onClosed;
  }

  list(directory: RelPath): Promise<Entry[]> {
    return this.#connection.attempt((endpoint) => endpoint.list(directory));
  }

  lookup(path: RelPath): Promise<Entry | undefined> {
    return this.#connection.attempt((endpoint) => endpoint.lookup(path));
  }

  follow(path: RelPath): Promise<Entry | undefined> {
    return this.#connection.attempt((endpoint) => endpoint.follow(path));
  }

  async openRead(path: RelPath, listed?: Entry): Promise<ReadFile> {
    const open = (): Promise<ReadFile> =>
      this.#connection.attempt((endpoint) => endpoint.openRead(path, listed));
    return new ReconnectingReadFile(await open(), open);
  }

  readMany(directory: RelPath, files: readonly Entry[], taker: WholeFiles): Promise<void> {
    const left = new Remaining(files);
    return this.#connection.attempt(async (endpoint) => {
      const { items, place, tell } = left.now();
      await endpoint.readMany?.(directory, items, {
        take: (index, file) => taker.take(tell(place(index)), file),
        miss: (index, error) => taker.miss(tell(place(index)), error),
      });
    });
  }

  makeMany(directory: RelPath, files: readonly NewFile[], maker: NewFiles): Promise<void> {
    const left = new Remaining(files);
    const make = async (endpoint: Endpoint): Promise<void> => {
      const { items, place, tell } = left.now();
      await endpoint.makeMany?.(directory, items, {
        content: (index) => maker.content(place(index)),
        made: (index) => maker.made(tell(place(index))),
        miss: (index) => maker.miss(tell(place(index))),
      });
    };
    return this.#connection.attempt(make, async (endpoint) => {
      // As for `create`: what stands under these names is what the lost requests made. What stays there is missed.
      const remove = ({ name, by }: NewFile): Promise<void> =>
        endpoint.removeFile(joinPath(directory, by ?? name)).catch(ignoreOfPath);
      await Promise.all(left.now().items.map(remove));
      await make(endpoint);
    });
  }

  create(path: RelPath): Promise<WriteFile> {
    return this.#connection.attempt(
      (endpoint) => endpoint.create(path),
      async (endpoint) => {
        // The name is one that nobody else uses: what stands there now is what the lost request made.
        await endpoint.removeFile(path).catch(ignore('NOT_FOUND'));
        return await endpoint.create(path);
      },
    );
  }

  resume(path: RelPath, most: number): Promise<ResumedFile> {
    return this.#connection.attempt((endpoint) => {
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
    return this.#connection.attempt((endpoint) => endpoint.setAttributes(path, attributes));
  }

  removeFile(path: RelPath): Promise<void> {
    return this.#twice((endpoint) => endpoint.removeFile(path), 'NOT_FOUND');
  }

  removeDirectory(path: RelPath): Promise<void> {
    return this.#twice((endpoint) => endpoint.removeDirectory(path), 'NOT_FOUND');
  }

  syncDirectory(path: RelPath): Promise<void> {
    return this.#connection.attempt((endpoint) => endpoint.syncDirectory(path));
  }

  fileSystem(directory: RelPath): Promise<string | undefined> {
    return this.#connection.attempt(async (endpoint) => endpoint.fileSystem?.(directory));
  }

  space(): Promise<Space | undefined> {
    return this.#connection.attempt((endpoint) => endpoint.space());
  }

  async close(): Promise<void> {
    await (await this.#connection.close())?.close();
    await this.#onClosed();
  }

  /** An operation that, when it is repeated, fails with `done` because it was carried out the first time. */
  #twice(operation: (endpoint: Endpoint) => Promise<void>, done: 'EXISTS' | 'NOT_FOUND'): Promise<void> {
    return this.#connection.attempt(operation, (endpoint) => operation(endpoint).catch(ignore(done)));
  }
}

/** What of many has not been told yet, known by their places among all. */
class Remaining<T> {
  readonly #all: readonly T[];
  readonly #told = new Set<number>();

  constructor(all: readonly T[]) {
    this.#all = all;
  }

  now() {
    const places = [...this.#all.keys()].filter((place) => !this.#told.has(place));
    return {
      items: places.map((place) => this.#all[place] as T),
      place: (index: number): number => places[index] as number,
      tell: (place: number): number => {
        this.#told.add(place);
        return place;
      },
    };
  }
}

class ReconnectingReadFile implements ReadFile {
  #file: ReadFile;
  readonly #reopen: () => Promise<ReadFile>;
  #reopening: Promise<void> | undefined;

  constructor(file: ReadFile, reopen: () => Promise<ReadFile>) {
    this.#file = file;
    this.#reopen = reopen;
  }

  async stat(): Promise<Entry> {
    for (;;) {
      const file = this.#file;
      try {
        return await file.stat();
      } catch (error) {
        await this.#goOn(file, error);
      }
    }
  }

  async *read(start: number, end: number): AsyncGenerator<Uint8Array> {
    for (let at = start; ; ) {
      const file = this.#file;
      try {
        for await (const block of file.read(at, end)) {
          at += block.length;
          yield block;
        }
        return;
      } catch (error) {
        await this.#goOn(file, error);
      }
    }
  }

  async close(): Promise<void> {
    await this.#reopening?.catch(() => {});
    await this.#file.close();
  }

  /** Opens the file again, once for all that was under way on it. */
  async #goOn(lost: ReadFile, error: unknown): Promise<void> {
    if (!isFailure(error, 'CONNECTION_LOST')) throw error;
    if (this.#file !== lost) return;
    this.#reopening ??= this.#reopen()
      .then((file) => {
        this.#file = file;
      })
      .finally(() => {
        this.#reopening = undefined;
      });
    await this.#reopening;
  }
}

function ignore(code: 'EXISTS' | 'NOT_FOUND'): (error: unknown) => void {
  return (error) => {
    if (!isFailure(error, code)) throw error;
  };
}

function ignoreOfPath(error: unknown): void {
  if (!isOfPath(error)) throw error;
}
