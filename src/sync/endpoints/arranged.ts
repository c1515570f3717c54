import { byteString, toText } from '../../system/byte-string.ts';
import { failure } from '../../system/errors.ts';
import { Bandwidth, type BandwidthShare } from '../bandwidth.ts';
import type {
  Capabilities,
  Endpoint,
  ReadFile,
  Space,
  WholeFile,
  WholeFiles,
  WriteFile,
} from '../endpoint.ts';
import type { Entry, RelPath } from '../entry.ts';
import { joinPath, nameOf, parentOf, ROOT } from '../path.ts';

/** A directory of another tree that shows here as `at`. */
export interface Part {
  /** Never the root. One that lies within another part takes the place of what is there. */
  readonly at: RelPath;
  /** In the tree that everything is taken from. */
  readonly path: RelPath;
  /** A limit of its own for what is read of it. */
  readonly bandwidth?: BandwidthShare | undefined;
}

/** Decides what is shown of a directory, of which `list` gives all. */
export type Show = (directory: RelPath, list: () => Promise<Entry[]>) => Promise<Entry[]>;

/**
 * Directories of one tree as a tree of their own, for reading: each under the name it shall have, below a top directory
 * that is none of them. Paths in errors are those of the tree beneath, which is closed with this one.
 */
export function arrangedEndpoint(
  beneath: Endpoint,
  parts: readonly Part[],
  signal: AbortSignal,
  show: Show = (_, list) => list(),
): Endpoint {
  return new ArrangedEndpoint(beneath, parts, signal, show);
}

const PARENT_MODE = 0o755;

class ArrangedEndpoint implements Endpoint {
  readonly capabilities: Capabilities;
  readonly name: string;
  readonly readWhole?: (path: RelPath, size: number) => WholeFile | undefined;
  readonly readMany?: (directory: RelPath, files: readonly Entry[], taker: WholeFiles) => Promise<void>;
  readonly #beneath: Endpoint;
  readonly #signal: AbortSignal;
  readonly #show: Show;
  /** The innermost first. */
  readonly #parts: readonly (Part & { readonly limit: Bandwidth | undefined })[];

  constructor(beneath: Endpoint, parts: readonly Part[], signal: AbortSignal, show: Show) {
    this.capabilities = beneath.capabilities;
    this.name = beneath.name;
    this.#beneath = beneath;
    this.#signal = signal;
    this.#show = show;
    this.#parts = parts
      .map((part) => ({
        ...part,
        limit: part.bandwidth === undefined ? undefined : new Bandwidth(part.bandwidth),
      }))
      .sort((a, b) => b.at.length - a.at.length);
    if (beneath.readWhole !== undefined) this.readWhole = (path, size) => this.#readWhole(path, size);
    if (beneath.readMany !== undefined)
      this.readMany = (directory, files, taker) => this.#readMany(directory, files, taker);
  }

  list(directory: RelPath): Promise<Entry[]> {
    return this.#show(directory, () => this.#list(directory));
  }

  async #list(directory: RelPath): Promise<Entry[]> {
    const found = this.#find(directory);
    const entries = found === undefined ? [] : await this.#beneath.list(found.path);
    const inside = this.#parts.filter(({ at }) => parentOf(at) === directory);
    if (inside.length === 0) return entries;
    const shown = await Promise.all(inside.map(({ at }) => this.follow(at)));
    const names = new Set<string>(inside.map(({ at }) => nameOf(at)));
    return [
      ...entries.filter(({ name }) => !names.has(name)),
      ...shown.filter((entry) => entry !== undefined),
    ].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async lookup(path: RelPath): Promise<Entry | undefined> {
    const found = this.#find(path);
    if (found === undefined || path === found.part.at) return this.follow(path);
    return this.#beneath.lookup(found.path);
  }

  async follow(path: RelPath): Promise<Entry | undefined> {
    const found = this.#find(path);
    if (found === undefined) return path === ROOT ? parent() : undefined;
    const entry = await this.#beneath.follow(found.path);
    return entry === undefined ? undefined : { ...entry, name: nameOf(path) };
  }

  async openRead(path: RelPath, listed?: Entry): Promise<ReadFile> {
    const found = this.#find(path);
    if (found === undefined) throw failure('IS_A_DIRECTORY', { path: toText(path) });
    const file = await this.#beneath.openRead(found.path, listed);
    const { limit } = found.part;
    return limit === undefined ? file : limited(file, limit, this.#signal);
  }

  #readWhole(path: RelPath, size: number): WholeFile | undefined {
    const found = this.#findUnlimited(path);
    return found === undefined ? undefined : this.#beneath.readWhole?.(found, size);
  }

  async #readMany(directory: RelPath, files: readonly Entry[], taker: WholeFiles): Promise<void> {
    const found = this.#findUnlimited(directory);
    if (found !== undefined) await this.#beneath.readMany?.(found, files, taker);
    else for (const index of files.keys()) taker.miss(index, undefined);
  }

  create(): Promise<WriteFile> {
    return this.#refuse();
  }

  makeDirectory(): Promise<void> {
    return this.#refuse();
  }

  symlink(): Promise<void> {
    return this.#refuse();
  }

  link(): Promise<void> {
    return this.#refuse();
  }

  rename(): Promise<void> {
    return this.#refuse();
  }

  setAttributes(): Promise<void> {
    return this.#refuse();
  }

  removeFile(): Promise<void> {
    return this.#refuse();
  }

  removeDirectory(): Promise<void> {
    return this.#refuse();
  }

  syncDirectory(): Promise<void> {
    return this.#refuse();
  }

  async space(): Promise<Space | undefined> {
    return undefined;
  }

  close(): Promise<void> {
    return this.#beneath.close();
  }

  #find(path: RelPath) {
    for (const part of this.#parts) {
      if (path === part.at) return { part, path: part.path };
      if (path.startsWith(`${part.at}/`))
        return { part, path: joinPath(part.path, byteString(path.slice(part.at.length + 1))) };
    }
    return undefined;
  }

  /** Undefined also where a limit has to be kept, which `openRead` does. */
  #findUnlimited(path: RelPath): RelPath | undefined {
    const found = this.#find(path);
    return found?.part.limit === undefined ? found?.path : undefined;
  }

  async #refuse(): Promise<never> {
    throw failure('UNSUPPORTED', { operation: 'writing', where: this.name });
  }
}

/** Stands for the directory that holds the parts. */
function parent(): Entry {
  return {
    name: byteString(''),
    type: 'directory',
    mode: PARENT_MODE & ~process.umask(),
    size: 0,
    mtime: Date.now() * 1000,
    uid: 0,
    gid: 0,
    target: undefined,
    identity: undefined,
  };
}

function limited(file: ReadFile, limit: Bandwidth, signal: AbortSignal): ReadFile {
  return {
    stat: () => file.stat(),
    async *read(start, end) {
      for await (const block of file.read(start, end)) {
        await limit.pass(block.length, signal);
        yield block;
      }
    },
    close: () => file.close(),
  };
}
