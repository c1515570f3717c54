import fs from 'node:fs';
import { type ByteString, byteString, isAscii, toFsPath, toText } from '../../system/byte-string.ts';
import { fromErrno } from '../../system/errno.ts';
import { type CellarmanError, failure, isFailure } from '../../system/errors.ts';
import type {
  Capabilities,
  Endpoint,
  LinkedFiles,
  NewContent,
  NewFile,
  ReadFile,
  Space,
  WholeFile,
  WriteFile,
} from '../endpoint.ts';
import type { Attributes, Entry, RelPath } from '../entry.ts';
import { joinPath } from '../path.ts';
import type { LocalAccess } from './local-access.ts';
import { checkedAccess } from './local-access-checked.ts';
import { heldAccess } from './local-access-held.ts';
import { applyAttributes, byDescriptor } from './local-attributes.ts';
import { localEntry } from './local-entry.ts';
import { LocalReadFile, LocalWriteFile, type SpareBuffers, writeAll } from './local-files.ts';
import { localSpace } from './local-space.ts';
import { nameOf, parentOf, pathText, refuseUnsafe } from './names.ts';

const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_NOCTTY, O_NONBLOCK, O_DIRECTORY } = fs.constants;
/** Never blocks on a FIFO, never becomes the terminal of anybody. */
const READ = O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK;
const CREATE = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;

const EXACT = { bigint: true } as const;
const EXACT_OR_NONE = { bigint: true, throwIfNoEntry: false } as const;

const CAPABILITIES: Capabilities = {
  mtimePrecision: 1,
  hardLinks: true,
  atomicReplace: true,
  durable: true,
  symlinkAttributes: true,
  identity: true,
  concurrency: 1,
};

const byName = (a: Entry, b: Entry): number => (a.name < b.name ? -1 : 1);

/** lstat; undefined where there is nothing. */
function entryAt(place: string | Buffer, name: ByteString): Entry | undefined {
  const stats = fs.lstatSync(place, EXACT_OR_NONE);
  if (!stats?.isSymbolicLink()) return stats && localEntry(name, stats, undefined);
  try {
    return localEntry(name, stats, byteString(fs.readlinkSync(place, 'latin1')));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    // Something else has taken the link's name since.
    if (code === 'EINVAL') return entryAt(place, name);
    throw error;
  }
}

/**
 * A tree of this machine. Every call runs to its end at once (measured several times cheaper than the thread pool), so
 * a thread of its own is the way to do something else meanwhile. Directories are held open between calls: one that
 * another process moves away is still the same directory to this endpoint.
 */
class LocalEndpoint implements Endpoint {
  readonly capabilities = CAPABILITIES;
  readonly name: string;
  readonly #root: ByteString;
  readonly #access: LocalAccess;
  readonly #spare: SpareBuffers = [];
  /** What `readWhole` gave last. */
  #whole = Buffer.alloc(0);
  #closed = false;

  constructor(root: ByteString, access: LocalAccess) {
    this.name = toText(root);
    this.#root = root;
    this.#access = access;
  }

  async list(directory: RelPath): Promise<Entry[]> {
    try {
      const prefix = this.#prefix(directory);
      const entries: Entry[] = [];
      for (const name of fs.readdirSync(toFsPath(prefix), 'latin1')) {
        const entry = entryAt(toFsPath(byteString(prefix + name)), byteString(name));
        // What vanished since the directory was read was never listed.
        if (entry !== undefined) entries.push(entry);
      }
      return entries.sort(byName);
    } catch (error) {
      throw this.#failure(error, directory);
    }
  }

  async lookup(path: RelPath): Promise<Entry | undefined> {
    try {
      if (path === '') return localEntry(path, fs.statSync(this.#place(path), EXACT), undefined);
      return entryAt(this.#place(path), nameOf(path));
    } catch (error) {
      if (isFailure(error, 'NOT_FOUND', 'NOT_A_DIRECTORY')) return undefined;
      throw this.#failure(error, path);
    }
  }

  async follow(path: RelPath): Promise<Entry | undefined> {
    try {
      const stats = fs.statSync(this.#place(path), EXACT_OR_NONE);
      return stats && localEntry(nameOf(path), stats, undefined);
    } catch (error) {
      const problem = this.#failure(error, path);
      if (isFailure(problem, 'NOT_FOUND', 'NOT_A_DIRECTORY')) return undefined;
      // The parents were found without following: here it is the chain of links that does not end.
      if ((error as NodeJS.ErrnoException).code === 'ELOOP')
        throw failure('SYMLINK_LOOP', { path: this.#text(path) }, error);
      throw problem;
    }
  }

  async openRead(path: RelPath): Promise<ReadFile> {
    const fd = this.#run(path, () => fs.openSync(this.#place(path), READ));
    return new LocalReadFile(fd, nameOf(path), () => this.#text(path), this.#spare);
  }

  readWhole(path: RelPath, size: number): WholeFile | undefined {
    return this.#run(path, () => {
      const fd = fs.openSync(this.#place(path), READ);
      try {
        // One byte more, so that a file that has grown shows.
        if (this.#whole.length <= size) this.#whole = Buffer.allocUnsafeSlow(2 * (size + 1));
        const buffer = this.#whole;
        const length = fs.readSync(fd, buffer, 0, size + 1, 0);
        if (length !== size) return undefined;
        const after = localEntry(nameOf(path), fs.fstatSync(fd, EXACT), undefined);
        return { blocks: [buffer.subarray(0, size)], after };
      } finally {
        fs.closeSync(fd);
      }
    });
  }

  writeWhole(directory: RelPath, { name, by }: NewFile, { blocks, attributes, sync }: NewContent): void {
    const path = joinPath(directory, name);
    this.#run(path, () => {
      const place = this.#place(path);
      const made = by === undefined ? place : this.#place(joinPath(directory, by));
      const fd = fs.openSync(made, CREATE, 0o600);
      try {
        try {
          for (const block of blocks) writeAll(fd, block);
          applyAttributes(attributes, byDescriptor(fd));
          if (sync) fs.fsyncSync(fd);
        } finally {
          fs.closeSync(fd);
        }
        if (by !== undefined) fs.renameSync(made, place);
      } catch (error) {
        removeQuietly(made);
        throw error;
      }
    });
  }

  async create(path: RelPath): Promise<WriteFile> {
    const fd = this.#run(path, () => fs.openSync(this.#place(path), CREATE, 0o600));
    return new LocalWriteFile(fd, () => this.#text(path));
  }

  async makeDirectory(path: RelPath, mode: number): Promise<void> {
    this.#run(path, () => fs.mkdirSync(path === '' ? toFsPath(this.#root) : this.#place(path), mode));
  }

  async symlink(path: RelPath, target: RelPath): Promise<void> {
    this.#run(path, () => fs.symlinkSync(toFsPath(target), this.#place(path)));
  }

  async link(existing: RelPath, path: RelPath): Promise<void> {
    this.#runOnTwo(existing, path, (source, target) => fs.linkSync(source, target));
  }

  async linkAll(
    from: RelPath,
    to: RelPath,
    { names, sizes }: LinkedFiles,
    onFailure: (name: ByteString, error: CellarmanError) => void,
  ): Promise<void> {
    let source: ByteString;
    let target: ByteString;
    try {
      source = this.#prefix(from);
      target = this.#prefix(to);
    } catch (error) {
      for (const name of names) onFailure(name, this.#failure(error, to));
      return;
    }
    const plain = isAscii(source) && isAscii(target);
    for (let i = 0; i < names.length; i++) {
      const name = names[i] as ByteString;
      const size = sizes[i] ?? -1;
      refuseUnsafe(name, this.name);
      try {
        const isPlain = plain && isAscii(name);
        const existing = isPlain ? source + name : toFsPath(byteString(source + name));
        if (size >= 0 && fs.lstatSync(existing).size !== size)
          onFailure(name, failure('CHANGED_WHILE_READ', { path: this.#text(joinPath(from, name)) }));
        else fs.linkSync(existing, isPlain ? target + name : toFsPath(byteString(target + name)));
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        onFailure(name, this.#failure(error, joinPath(code === 'ENOENT' ? from : to, name)));
      }
    }
  }

  async rename(from: RelPath, to: RelPath): Promise<void> {
    this.#runOnTwo(from, to, (source, target) => {
      fs.renameSync(source, target);
      this.#access.forget(from);
      this.#access.forget(to);
    });
  }

  async setAttributes(path: RelPath, attributes: Attributes): Promise<void> {
    this.#run(path, () => this.#access.setAttributes(this.#place(path), attributes, this.#text(path)));
  }

  async removeFile(path: RelPath): Promise<void> {
    this.#run(path, () => fs.unlinkSync(this.#place(path)));
  }

  async removeDirectory(path: RelPath): Promise<void> {
    this.#run(path, () => {
      fs.rmdirSync(path === '' ? toFsPath(this.#root) : this.#place(path));
      this.#access.forget(path);
    });
  }

  async syncDirectory(path: RelPath): Promise<void> {
    this.#run(path, () => {
      const fd = fs.openSync(toFsPath(this.#prefix(path)), O_RDONLY | O_DIRECTORY);
      try {
        fs.fsyncSync(fd);
      } catch (error) {
        // File systems that keep nothing of a directory in memory (some over the network) answer so.
        if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error;
      } finally {
        fs.closeSync(fd);
      }
    });
  }

  async fileSystem(directory: RelPath): Promise<string | undefined> {
    return this.#run(directory, () => String(fs.lstatSync(this.#place(directory), EXACT).dev));
  }

  async space(): Promise<Space | undefined> {
    const path = byteString('');
    return this.#run(path, () => localSpace(this.#prefix(path)));
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#access.close();
  }

  /** What stands before the names in a directory. */
  #prefix(directory: RelPath): ByteString {
    if (this.#closed) throw failure('INTERNAL', { detail: `the endpoint ${this.name} is closed` });
    try {
      return this.#access.prefix(directory);
    } catch (error) {
      throw this.#failure(error, directory);
    }
  }

  /** The path of an entry for `node:fs`. */
  #place(path: RelPath): string | Buffer {
    if (path === '') return toFsPath(byteString(`${this.#prefix(path)}.`));
    const name = nameOf(path);
    refuseUnsafe(name, this.name);
    return toFsPath(byteString(this.#prefix(parentOf(path)) + name));
  }

  #run<T>(path: RelPath, action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw this.#failure(error, path);
    }
  }

  /** Both parents are found first: then ENOENT can only mean that `from` is not there, and all else is about `to`. */
  #runOnTwo(from: RelPath, to: RelPath, action: (from: string | Buffer, to: string | Buffer) => void): void {
    const source = this.#place(from);
    const target = this.#place(to);
    try {
      action(source, target);
    } catch (error) {
      throw this.#failure(error, (error as NodeJS.ErrnoException).code === 'ENOENT' ? from : to);
    }
  }

  #failure(error: unknown, path: RelPath): CellarmanError {
    return fromErrno(error, this.#text(path));
  }

  /** A path as people know it. */
  #text(path: RelPath): string {
    return pathText(this.#root, path);
  }
}

/** What could not be made is not to hide why. */
function removeQuietly(place: string | Buffer): void {
  try {
    fs.unlinkSync(place);
  } catch {
    // It stays as it is: a temporary name says that it is none of the tree.
  }
}

/** `root` may be a symbolic link; it is looked up when it is first needed, and need not be there before. */
export function localEndpoint(
  root: ByteString,
  access: (root: ByteString) => LocalAccess = canHold() ? heldAccess : checkedAccess,
): Endpoint {
  return new LocalEndpoint(root, access(root));
}

const canHold = (): boolean => process.platform === 'linux' && fs.existsSync('/proc/self/fd');
