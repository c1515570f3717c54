import type { ByteString } from '../system/byte-string.ts';
import type { CellarmanError } from '../system/errors.ts';
import type { Attributes, Entry, RelPath } from './entry.ts';

/** What an endpoint can do, as data: the engine asks here and never what kind of endpoint it is. */
export interface Capabilities {
  /** Microseconds between two modification times that can be told apart: 1 locally, 1_000_000 over SFTP. */
  readonly mtimePrecision: number;
  /** `link` works. */
  readonly hardLinks: boolean;
  /** `rename` replaces an existing file in one step. Without it there is a moment with no file of that name. */
  readonly atomicReplace: boolean;
  /** `WriteFile.sync` and `syncDirectory` reach the disk. */
  readonly durable: boolean;
  /** Owner and time of a symbolic link itself can be set. */
  readonly symlinkAttributes: boolean;
  /** `Entry.identity` is known. */
  readonly identity: boolean;
  /** How many files are worth having in flight at once; 1 where every call completes at once. */
  readonly concurrency: number;
}

/** An open source file. */
export interface ReadFile {
  /** The attributes of the open file itself (fstat), whatever has happened to its name. */
  stat(): Promise<Entry>;
  /**
   * The content from `start` to `end` (bytes, `end` exclusive) in order. Ends early where the file does: the caller
   * compares. A block belongs to the caller only until it asks for the next one.
   */
  read(start: number, end: number): AsyncIterable<Uint8Array>;
  /** Idempotent; never throws. */
  close(): Promise<void>;
}

/** A file being written. Errors of earlier writes may surface at any later call, at the latest in `close`. */
export interface WriteFile {
  /**
   * Appends. The block may be reused once the promise has settled; the promise also carries the backpressure. One call
   * at a time.
   */
  write(block: Uint8Array): Promise<void>;
  /** Attributes of the open file, owner first and mode second (chown clears set-id bits), times last. */
  setAttributes(attributes: Attributes): Promise<void>;
  /** Content and attributes are on the disk (fsync), where `capabilities.durable`. */
  sync(): Promise<void>;
  /** Rejects when anything written before has not arrived. To be called on every way out; only the first call counts. */
  close(): Promise<void>;
}

export interface ResumedFile {
  readonly file: WriteFile;
  /** Bytes that stand: writing goes on here. */
  readonly offset: number;
}

export interface Space {
  /** Bytes an unprivileged writer can still use. */
  readonly available: number;
  readonly readOnly: boolean;
  /** The longest name a directory can hold, bytes. */
  readonly nameMax: number;
}

/** Files of one directory that are to have other names. */
export interface LinkedFiles {
  readonly names: readonly ByteString[];
  /** What each of them has to have, bytes; -1 where that does not matter. */
  readonly sizes: readonly number[];
}

/** The content of a small file, and what it was when it had been read. The blocks are to be used before anything else is asked for. */
export interface WholeFile {
  readonly blocks: readonly Uint8Array[];
  readonly after: Entry;
}

/**
 * Takes small files as they come, in any order: each of them once, by its place in the list that was asked for. Neither
 * method throws.
 */
export interface WholeFiles {
  take(index: number, file: WholeFile): void;
  /** The file cannot be read; `error` is undefined where only its content did not come as it was listed. */
  miss(index: number, error: CellarmanError | undefined): void;
}

/** What a small file is to be. */
export interface NewContent {
  readonly blocks: readonly Uint8Array[];
  readonly attributes: Attributes;
  /** It is on the disk before it gets its name. */
  readonly sync: boolean;
}

/** A small file to be made. */
export interface NewFile {
  readonly name: ByteString;
  /** The name beside its own under which it is made, and from which it is renamed; undefined: made under its own, which is free. */
  readonly by: ByteString | undefined;
  /** Bytes, at most. */
  readonly size: number;
}

/** Gives the content of small files when their turn has come, and is told of each once, by its place. No method throws. */
export interface NewFiles {
  /** Undefined: it is not to be made after all. May be asked for again. */
  content(index: number): NewContent | undefined;
  made(index: number): void;
  /** Nothing is left of it. Why, is for `create` to say. */
  miss(index: number): void;
}

/**
 * A tree that can be read, and where its owner allows, written. All paths are relative to `root`.
 *
 * Promises that every implementation keeps (one suite checks them on all of them, `test/contract/endpoint.ts`):
 * - Every failure is a {@link CellarmanError}: of a single path with one of the codes for paths, of the connection with
 *   CONNECTION_LOST; never a promise that does not settle.
 * - Symbolic links are never followed on the way to a path, the last component included, but by `follow`; the root
 *   itself may be one. A link in the way gives SYMLINK_IN_PATH or NOT_A_DIRECTORY.
 * - Nothing changes an existing file's content. A file comes into being by `create`, `link` or `rename`.
 * - Names are bytes, in and out. Names that cannot be a directory entry are not passed on (UNSAFE_NAME).
 * - Calls may overlap. What the caller needs in order, it awaits in order.
 */
export interface Endpoint {
  readonly capabilities: Capabilities;
  /** For people: `/srv/data`, `host:/srv/data`. */
  readonly name: string;

  /** The entries of a directory, sorted by raw bytes. NOT_FOUND, NOT_A_DIRECTORY, PERMISSION_DENIED. */
  list(directory: RelPath): Promise<Entry[]>;
  /** lstat; undefined where there is nothing of that name, nor a directory that could hold it. */
  lookup(path: RelPath): Promise<Entry | undefined>;
  /** stat: what a symbolic link leads to in the end; undefined where that does not exist. */
  follow(path: RelPath): Promise<Entry | undefined>;

  /**
   * What is no file is refused: SYMLINK_IN_PATH, IS_A_DIRECTORY, SPECIAL_FILE. `listed` is the entry as the caller knows it;
   * it saves an endpoint at a distance a round trip where it is a file, and promises nothing.
   */
  openRead(path: RelPath, listed?: Entry): Promise<ReadFile>;
  /**
   * A small file as `openRead`, `read`, `stat` and `close` would give it, before the call returns: for endpoints that are
   * near. Undefined where it has not `size` bytes any more. Errors as for `openRead`; they are thrown.
   */
  readWhole?(path: RelPath, size: number): WholeFile | undefined;
  /**
   * {@link readWhole} of many files of one directory: for endpoints that are far. Resolves when all were told; rejects with
   * what ends the run, and then tells no more.
   */
  readMany?(directory: RelPath, files: readonly Entry[], taker: WholeFiles): Promise<void>;
  /**
   * A new small file, made before the call returns: for endpoints that are near. Nothing is left of one that fails. Names
   * and errors as for `create` and `rename`; they are thrown.
   */
  writeWhole?(directory: RelPath, file: NewFile, content: NewContent): void;
  /**
   * {@link writeWhole} of many files of one directory: for endpoints that are far. Resolves when all were told; rejects with
   * what ends the run, and then tells no more.
   */
  makeMany?(directory: RelPath, files: readonly NewFile[], maker: NewFiles): Promise<void>;
  /** A new file, readable by its owner alone until told otherwise. EXISTS where the name is taken. */
  create(path: RelPath): Promise<WriteFile>;
  /**
   * Goes on with a file that `create` made before the connection was lost: cuts it to what has arrived, at most `most`
   * bytes, and appends from there on. NOT_FOUND. Only endpoints that can lose a connection have it.
   */
  resume?(path: RelPath, most: number): Promise<ResumedFile>;
  makeDirectory(path: RelPath, mode: number): Promise<void>;
  symlink(path: RelPath, target: RelPath): Promise<void>;
  /** A second name for a file or symbolic link. EXISTS, NOT_FOUND, TOO_MANY_LINKS, CROSS_DEVICE, UNSUPPORTED. */
  link(existing: RelPath, path: RelPath): Promise<void>;
  /**
   * `link` for many files of the directory `from`, which get their names in `to` too; what cannot be linked is told, with
   * the errors of `link`, and CHANGED_WHILE_READ for a file of another size than is given. Endpoints have it where that
   * costs less than as many calls.
   */
  linkAll?(
    from: RelPath,
    to: RelPath,
    files: LinkedFiles,
    onFailure: (name: ByteString, error: CellarmanError) => void,
  ): Promise<void>;
  /** Replaces a file of the name `to`. Directories are moved only to a free name. */
  rename(from: RelPath, to: RelPath): Promise<void>;
  /**
   * Of an entry that is not a file with more than one link: that would alter another tree (SHARED_FILE where the endpoint
   * can tell). Never follows a link; the mode of a symbolic link stays as it is.
   */
  setAttributes(path: RelPath, attributes: Attributes): Promise<void>;
  /** Everything but a directory. */
  removeFile(path: RelPath): Promise<void>;
  /** An empty directory. NOT_EMPTY. */
  removeDirectory(path: RelPath): Promise<void>;

  /** The directory's own entries are on the disk, where `capabilities.durable`. */
  syncDirectory(path: RelPath): Promise<void>;
  /** Tells one file system from another by a directory of it; undefined where the server cannot. */
  fileSystem?(directory: RelPath): Promise<string | undefined>;
  /** Undefined where the endpoint cannot tell. */
  space(): Promise<Space | undefined>;
  close(): Promise<void>;
}

/** Called for what is wrong with a single path while the rest goes on. */
export type OnProblem = (path: RelPath, error: CellarmanError) => void;
