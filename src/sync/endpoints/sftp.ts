import { Extension, OpenFlag } from '../../ssh/sftp/protocol.ts';
import type { SftpAttributes, SftpHandle, SftpSession } from '../../ssh/sftp/session.ts';
import type { SessionPool } from '../../ssh/sftp/session-pool.ts';
import { type ByteString, toText } from '../../system/byte-string.ts';
import { type CellarmanError, failure, isFailure } from '../../system/errors.ts';
import type {
  Capabilities,
  Endpoint,
  NewFile,
  NewFiles,
  OnProblem,
  ReadFile,
  ResumedFile,
  Space,
  WholeFiles,
  WriteFile,
} from '../endpoint.ts';
import type { Attributes, Entry, RelPath } from '../entry.ts';
import { joinPath, ROOT } from '../path.ts';
import { isOfPath } from '../run-failure.ts';
import { nameOf, parentOf } from './names.ts';
import { attributeSteps, setOfEntry } from './sftp-attributes.ts';
import type { Readers } from './sftp-block-reader.ts';
import { SftpDiagnosis } from './sftp-diagnosis.ts';
import { SftpDirectories } from './sftp-directories.ts';
import { sftpEntry, typeOf, untold } from './sftp-entry.ts';
import { readNames, sortedEntries } from './sftp-listing.ts';
import { SftpPlaces } from './sftp-places.ts';
import { SftpReadFile } from './sftp-read-file.ts';
import { renameByParts, renameOver } from './sftp-rename.ts';
import { type Judge, smallReads } from './sftp-small-reads.ts';
import { smallWrites } from './sftp-small-writes.ts';
import { SftpWriteFile } from './sftp-write-file.ts';
import { SmallFileQueue } from './small-file-queue.ts';

/** Files in flight: on loopback a quarter would do, at 20 ms this is twice as fast as half of it. */
const CONCURRENCY = 512;
/** READLINKs in flight. */
const LINKS_AT_ONCE = 1000;

export interface SftpEndpointOptions {
  /** Told of names in listings that cannot be. Default: they are left out silently. */
  readonly onProblem?: OnProblem;
}

/**
 * A tree on an SFTP server, by version 3 of the protocol and whatever extensions of OpenSSH are announced. The sessions
 * belong to the endpoint and are closed with it.
 *
 * What SFTP cannot promise: a path is looked at before it is used (LSTAT of the entry, each directory once), since
 * nothing in the protocol refuses to follow symbolic links; whoever can write in the tree at the same time can swap an
 * entry in between. Owners of trees that others can write should know that.
 */
export function sftpEndpoint(
  sessions: SessionPool,
  root: ByteString,
  name: string,
  options: SftpEndpointOptions = {},
): Endpoint {
  return new SftpEndpoint(sessions, new SftpPlaces(root, name), options.onProblem ?? (() => {}));
}

class SftpEndpoint implements Endpoint {
  readonly capabilities: Capabilities;
  readonly name: string;
  readonly #sessions: SessionPool;
  readonly #places: SftpPlaces;
  readonly #onProblem: OnProblem;
  readonly #directories: SftpDirectories;
  readonly #diagnosis: SftpDiagnosis;
  readonly #readers: Readers = { active: 0 };
  readonly #smallFiles: SmallFileQueue;

  constructor(sessions: SessionPool, places: SftpPlaces, onProblem: OnProblem) {
    const { first } = sessions;
    this.capabilities = {
      mtimePrecision: 1_000_000,
      hardLinks: first.supports(Extension.HARDLINK),
      atomicReplace: first.supports(Extension.POSIX_RENAME),
      durable: first.supports(Extension.FSYNC),
      symlinkAttributes: first.supports(Extension.LSETSTAT),
      identity: false,
      concurrency: Math.min(CONCURRENCY, Math.ceil((first.limits.handles ?? CONCURRENCY * 2) / 2)),
    };
    this.name = places.name;
    this.#sessions = sessions;
    this.#places = places;
    this.#onProblem = onProblem;
    this.#directories = new SftpDirectories(sessions, places);
    this.#diagnosis = new SftpDiagnosis(sessions, places);
    this.#smallFiles = new SmallFileQueue(sessions, this.capabilities.concurrency);
  }

  async list(directory: RelPath): Promise<Entry[]> {
    const place = await this.#reach(directory);
    const accept = (attributes: SftpAttributes): void => this.#expect('directory', attributes, directory);
    const names = await explained(
      readNames(this.#sessions.pick(), place, directory === '' ? undefined : accept),
      (error) => this.#diagnosis.ofDirectory(error, directory),
    );
    this.#directories.add(directory);
    const where = this.#places.text(directory);
    const entries = sortedEntries(names, (name) =>
      this.#onProblem(directory, failure('UNSAFE_NAME', { path: where, name: toText(name) })),
    );
    return entries.some(isLink) ? await this.#withTargets(directory, entries) : entries;
  }

  async lookup(path: RelPath): Promise<Entry | undefined> {
    return orNothing(async () => {
      const place = await this.#reach(path);
      const session = this.#sessions.pick();
      if (path === '') return this.#entry(path, await session.stat(place));
      const entry = this.#entry(path, await session.lstat(place));
      return isLink(entry) ? { ...entry, target: await session.readlink(place) } : entry;
    });
  }

  async follow(path: RelPath): Promise<Entry | undefined> {
    return orNothing(async () => {
      const place = await this.#reach(path);
      return this.#entry(path, await this.#sessions.pick().stat(place));
    });
  }

  async openRead(path: RelPath, listed?: Entry): Promise<ReadFile> {
    const place = await this.#reach(path);
    const session = this.#sessions.pick();
    const handle = await (listed?.type === 'file'
      ? this.#openAtOnce(session, place, path)
      : this.#openInTurn(session, place, path));
    return new SftpReadFile(session, handle, nameOf(path), this.#readers);
  }

  async readMany(directory: RelPath, files: readonly Entry[], taker: WholeFiles): Promise<void> {
    const problem = await this.#problemOf(directory);
    if (problem !== undefined) {
      for (const index of files.keys()) taker.miss(index, problem);
      return;
    }
    const judge: Judge = (attributes, path) => this.#unlike('file', attributes, path);
    await this.#smallFiles.run(files.length, (settled) =>
      smallReads(directory, files, taker, this.#places, judge, settled),
    );
  }

  async makeMany(directory: RelPath, files: readonly NewFile[], maker: NewFiles): Promise<void> {
    const { first } = this.#sessions;
    if (!this.capabilities.atomicReplace || (await this.#problemOf(directory)) !== undefined) {
      for (const index of files.keys()) maker.miss(index);
      return;
    }
    await this.#smallFiles.run(files.length, (settled) =>
      smallWrites(first, directory, files, maker, this.#places, settled),
    );
  }

  async create(path: RelPath): Promise<WriteFile> {
    const place = await this.#reach(path);
    const session = this.#sessions.pick();
    const handle = await explained(
      session.open(place, OpenFlag.WRITE | OpenFlag.CREATE | OpenFlag.EXCLUSIVE, 0o600),
      (error) => this.#diagnosis.ofNew(error, path),
    );
    return new SftpWriteFile(session, handle, (error) => this.#diagnosis.ofWrite(error, path));
  }

  async resume(path: RelPath, most: number): Promise<ResumedFile> {
    const place = await this.#reach(path);
    const session = this.#sessions.pick();
    this.#expect('file', await session.lstat(place), path);
    const handle = await session.open(place, OpenFlag.WRITE);
    const explain = (error: unknown): Promise<unknown> => this.#diagnosis.ofWrite(error, path);
    try {
      // Blocks were sent one behind the other and carried out in order: what is there is what came first.
      const offset = Math.min((await session.fstat(handle)).size ?? 0, most);
      await session.fsetstat(handle, { size: offset });
      return { file: new SftpWriteFile(session, handle, explain, offset), offset };
    } catch (error) {
      session.closeHandle(handle).catch(() => {});
      throw await explain(error);
    }
  }

  async makeDirectory(path: RelPath, mode: number): Promise<void> {
    const place = await this.#reach(path);
    const session = this.#sessions.pick();
    const [made, attributes] = await Promise.allSettled([session.mkdir(place, mode), session.lstat(place)]);
    if (made.status === 'rejected') throw await this.#diagnosis.ofNew(made.reason, path);
    if (attributes.status === 'rejected') throw attributes.reason;
    this.#directories.add(path);
    // The server's umask may have taken bits away.
    if (((attributes.value.mode ?? 0) & 0o7777) !== mode) await session.setstat(place, { mode });
  }

  async symlink(path: RelPath, target: RelPath): Promise<void> {
    const place = await this.#reach(path);
    await explained(this.#sessions.pick().symlink(target, place), (error) =>
      this.#diagnosis.ofNew(error, path),
    );
  }

  async link(existing: RelPath, path: RelPath): Promise<void> {
    if (!this.capabilities.hardLinks)
      throw failure('UNSUPPORTED', { operation: 'hard links', where: this.name });
    const [from, to] = await this.#reachBoth(existing, path);
    await explained(this.#sessions.pick().hardlink(from, to), (error) =>
      this.#diagnosis.ofLink(error, existing, path),
    );
  }

  async rename(from: RelPath, to: RelPath): Promise<void> {
    const [source, target] = await this.#reachBoth(from, to);
    const session = this.#sessions.pick();
    const rename = this.capabilities.atomicReplace ? renameOver : renameByParts;
    await explained(rename(session, source, target), (error) => this.#diagnosis.ofRename(error, from, to));
    this.#directories.forget(from);
    this.#directories.forget(to);
  }

  async setAttributes(path: RelPath, attributes: Attributes): Promise<void> {
    const place = await this.#reach(path);
    const session = this.#sessions.pick();
    const steps = await attributeSteps(attributes, () => session.lstat(place));
    if (path === '') await Promise.all(steps.map((step) => session.setstat(place, step)));
    else if (this.capabilities.symlinkAttributes) await setOfEntry(session, place, steps);
    else {
      const { mode } = await session.lstat(place);
      if (mode === undefined || typeOf(mode) === 'symlink') {
        throw failure('UNSUPPORTED', { operation: 'attributes of symbolic links', where: this.name });
      }
      await Promise.all(steps.map((step) => session.setstat(place, step)));
    }
  }

  async removeFile(path: RelPath): Promise<void> {
    const place = await this.#reach(path);
    await explained(this.#sessions.pick().remove(place), (error) => this.#diagnosis.ofRemoval(error, path));
  }

  async removeDirectory(path: RelPath): Promise<void> {
    const place = await this.#reach(path);
    await explained(this.#sessions.pick().rmdir(place), (error) =>
      this.#diagnosis.ofDirectoryRemoval(error, path),
    );
    this.#directories.remove(path);
  }

  async syncDirectory(path: RelPath): Promise<void> {
    if (!this.capabilities.durable) return;
    // Opened as a file, which follows links: it must be known to be a directory.
    await this.#directories.check(path);
    const session = this.#sessions.pick();
    const handle = await session.open(this.#places.place(path), OpenFlag.READ);
    try {
      await session.fsync(handle);
    } finally {
      session.closeHandle(handle).catch(() => {});
    }
  }

  async fileSystem(directory: RelPath): Promise<string | undefined> {
    if (!this.#sessions.first.supports(Extension.STATVFS)) return undefined;
    return (await this.#sessions.pick().statvfs(await this.#reach(directory))).id;
  }

  async space(): Promise<Space | undefined> {
    const { first } = this.#sessions;
    if (!first.supports(Extension.STATVFS)) return undefined;
    const { available, readOnly, nameMax } = await this.#sessions.pick().statvfs(await this.#reach(ROOT));
    return { available, readOnly, nameMax };
  }

  async close(): Promise<void> {
    this.#sessions.close();
  }

  /** To open a FIFO would hold up the server until somebody writes into it: OPEN leaves when LSTAT has shown a file. */
  async #openInTurn(session: SftpSession, place: ByteString, path: RelPath): Promise<SftpHandle> {
    this.#expect('file', await session.lstat(place), path);
    return session.open(place, OpenFlag.READ);
  }

  /** LSTAT and OPEN in one write. What a listing had as a file is hardly a FIFO now; a link it may be. */
  async #openAtOnce(session: SftpSession, place: ByteString, path: RelPath): Promise<SftpHandle> {
    const looking = session.lstat(place);
    const opening = session.open(place, OpenFlag.READ);
    // It may fail before LSTAT is answered.
    opening.catch(() => {});
    try {
      this.#expect('file', await looking, path);
    } catch (error) {
      opening.then((handle) => session.closeHandle(handle)).catch(() => {});
      throw error;
    }
    return opening;
  }

  /** Why a directory is none to read or write in. Throws what ends the run. */
  async #problemOf(directory: RelPath): Promise<CellarmanError | undefined> {
    try {
      await this.#directories.check(directory);
      return undefined;
    } catch (error) {
      if (!isOfPath(error)) throw error;
      return error;
    }
  }

  /** The server's path of an entry whose parents are real directories. */
  #reach(path: RelPath): ByteString | Promise<ByteString> {
    const place = this.#places.place(path);
    return this.#directories.check(parentOf(path))?.then(() => place) ?? place;
  }

  async #reachBoth(one: RelPath, other: RelPath): Promise<[ByteString, ByteString]> {
    const places: [ByteString, ByteString] = [this.#places.place(one), this.#places.place(other)];
    await Promise.all([this.#directories.check(parentOf(one)), this.#directories.check(parentOf(other))]);
    return places;
  }

  #entry(path: RelPath, attributes: SftpAttributes): Entry {
    return sftpEntry(nameOf(path), attributes, undefined);
  }

  #expect(type: 'file' | 'directory', attributes: SftpAttributes, path: RelPath): void {
    const error = this.#unlike(type, attributes, path);
    if (error !== undefined) throw error;
  }

  /** Why what stands there is not to be used as a file or directory. */
  #unlike(type: 'file' | 'directory', { mode }: SftpAttributes, path: RelPath): CellarmanError | undefined {
    const found = mode === undefined ? undefined : typeOf(mode);
    if (found === type) return undefined;
    const facts = { path: this.#places.text(path) };
    switch (found) {
      case undefined:
        return untold();
      case 'symlink':
        return failure('SYMLINK_IN_PATH', facts);
      case 'directory':
        return failure('IS_A_DIRECTORY', facts);
      default:
        return failure(type === 'directory' ? 'NOT_A_DIRECTORY' : 'SPECIAL_FILE', facts);
    }
  }

  /** The entries of a directory with the texts of its symbolic links; what has vanished meanwhile is left out. */
  async #withTargets(directory: RelPath, entries: readonly Entry[]): Promise<Entry[]> {
    const complete: (Entry | undefined)[] = [];
    for (let start = 0; start < entries.length; start += LINKS_AT_ONCE) {
      const some = entries.slice(start, start + LINKS_AT_ONCE);
      complete.push(...(await Promise.all(some.map((entry) => this.#withTarget(directory, entry)))));
    }
    return complete.filter((entry) => entry !== undefined);
  }

  async #withTarget(directory: RelPath, entry: Entry): Promise<Entry | undefined> {
    if (!isLink(entry)) return entry;
    const path = joinPath(directory, entry.name);
    try {
      return { ...entry, target: await this.#sessions.pick().readlink(this.#places.place(path)) };
    } catch {
      // It is gone or no link any more, or cannot be read: then this says so.
      return this.lookup(path);
    }
  }
}

const isLink = (entry: Entry): boolean => entry.type === 'symlink';

async function explained<T>(action: Promise<T>, explain: (error: unknown) => Promise<unknown>): Promise<T> {
  try {
    return await action;
  } catch (error) {
    throw await explain(error);
  }
}

async function orNothing(look: () => Promise<Entry>): Promise<Entry | undefined> {
  try {
    return await look();
  } catch (error) {
    if (isFailure(error, 'NOT_FOUND', 'NOT_A_DIRECTORY')) return undefined;
    throw error;
  }
}
