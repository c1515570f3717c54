import type { SftpAttributes, SftpFileSystem } from '../../ssh/sftp/session.ts';
import type { SessionPool } from '../../ssh/sftp/session-pool.ts';
import { isVague } from '../../ssh/sftp/status.ts';
import { type CellarmanError, failure, isFailure } from '../../system/errors.ts';
import type { EntryType, RelPath } from '../entry.ts';
import { isOfPath } from '../run-failure.ts';
import { nameOf, parentOf } from './names.ts';
import { typeOf } from './sftp-entry.ts';
import type { SftpPlaces } from './sftp-places.ts';

/** Where the file system's own limit is not known: that of nearly all of them. */
const NAME_MAX = 255;
/** PATH_MAX of Linux, its final NUL included. */
const PATH_MAX = 4096;
/** Less than this is no space: the smallest block of most file systems. */
const BLOCK = 4096;

/**
 * SFTP has nine statuses for all errors. After one that may stand for many, these ask the server what stands in the way,
 * and give the error that says so; or the one it was, where nothing is found.
 */
export class SftpDiagnosis {
  readonly #sessions: SessionPool;
  readonly #places: SftpPlaces;

  constructor(sessions: SessionPool, places: SftpPlaces) {
    this.#sessions = sessions;
    this.#places = places;
  }

  /** Of an entry that could not be made under a new name. */
  async ofNew(error: unknown, path: RelPath): Promise<unknown> {
    if (!isVague(error)) return error;
    const [present, fileSystem] = await Promise.all([this.#type(path), this.#fileSystem(parentOf(path))]);
    if (present !== undefined) return this.#failure('EXISTS', path, error);
    return this.#ofSpace(error, path, fileSystem);
  }

  /** Of an open file that could not be written. */
  async ofWrite(error: unknown, path: RelPath): Promise<unknown> {
    if (!isVague(error)) return error;
    // OpenSSH calls it a failure when only a part of a block found room.
    return this.#ofSpace(
      error,
      path,
      await this.#fileSystem(parentOf(path)),
      this.#sessions.first.limits.write,
    );
  }

  async ofLink(error: unknown, existing: RelPath, path: RelPath): Promise<unknown> {
    const better = await this.ofNew(error, path);
    if (better !== error || !isVague(error)) return better;
    if (await this.#apart(existing, path)) return this.#failure('CROSS_DEVICE', path, error);
    // All other reasons are excluded.
    return this.#failure('TOO_MANY_LINKS', existing, error);
  }

  async ofRename(error: unknown, from: RelPath, to: RelPath): Promise<unknown> {
    if (!isVague(error) && !isFailure(error, 'NOT_FOUND')) return error;
    const [source, target] = await Promise.all([this.#type(from), this.#type(to)]);
    if (source === undefined) return this.#failure('NOT_FOUND', from, error);
    if (target === 'directory') {
      return this.#failure(source === 'directory' ? 'NOT_EMPTY' : 'IS_A_DIRECTORY', to, error);
    }
    if (target !== undefined && source === 'directory') return this.#failure('NOT_A_DIRECTORY', to, error);
    if (!isVague(error)) return error;
    if (await this.#apart(from, to)) return this.#failure('CROSS_DEVICE', to, error);
    return this.#ofSpace(error, to, await this.#fileSystem(parentOf(to)));
  }

  /** Of an entry that could not be opened as a directory or removed as one. */
  async ofDirectory(error: unknown, path: RelPath): Promise<unknown> {
    if (!isVague(error) && !isFailure(error, 'NOT_FOUND')) return error;
    const type = await this.#type(path);
    if (type === undefined || type === 'directory') return error;
    return this.#failure('NOT_A_DIRECTORY', path, error);
  }

  async ofRemoval(error: unknown, path: RelPath): Promise<unknown> {
    if (!isVague(error)) return error;
    if ((await this.#type(path)) === 'directory') return this.#failure('IS_A_DIRECTORY', path, error);
    return this.#ofReadOnly(error, path);
  }

  async ofDirectoryRemoval(error: unknown, path: RelPath): Promise<unknown> {
    const better = await this.ofDirectory(error, path);
    if (better !== error || !isVague(error)) return better;
    const readOnly = await this.#ofReadOnly(error, path);
    if (readOnly !== error) return readOnly;
    return this.#failure((await this.#isEmpty(path)) ? 'BUSY' : 'NOT_EMPTY', path, error);
  }

  /** @param needed bytes that there was no room for */
  #ofSpace(error: unknown, path: RelPath, fileSystem: SftpFileSystem | undefined, needed = BLOCK): unknown {
    const tooLong =
      nameOf(path).length > (fileSystem?.nameMax ?? NAME_MAX) || this.#places.place(path).length >= PATH_MAX;
    if (tooLong) return this.#failure('NAME_TOO_LONG', path, error);
    if (fileSystem?.readOnly === true) return this.#failure('READ_ONLY', path, error);
    if (fileSystem !== undefined && fileSystem.available < needed)
      return this.#failure('NO_SPACE', path, error);
    return error;
  }

  async #ofReadOnly(error: unknown, path: RelPath): Promise<unknown> {
    const fileSystem = await this.#fileSystem(parentOf(path));
    return fileSystem?.readOnly === true ? this.#failure('READ_ONLY', path, error) : error;
  }

  /** Whether two names lie in different file systems. */
  async #apart(one: RelPath, other: RelPath): Promise<boolean> {
    const [a, b] = await Promise.all([this.#fileSystem(parentOf(one)), this.#fileSystem(parentOf(other))]);
    return a !== undefined && b !== undefined && a.id !== b.id;
  }

  #type(path: RelPath): Promise<EntryType | undefined> {
    return this.#sessions
      .pick()
      .lstat(this.#places.place(path))
      .then(({ mode }: SftpAttributes) => (mode === undefined ? undefined : typeOf(mode)), unknown);
  }

  #fileSystem(path: RelPath): Promise<SftpFileSystem | undefined> {
    return this.#sessions.pick().statvfs(this.#places.place(path)).catch(unknown);
  }

  async #isEmpty(path: RelPath): Promise<boolean> {
    const session = this.#sessions.pick();
    try {
      const handle = await session.opendir(this.#places.place(path));
      const names = await session.readdir(handle).finally(() => session.closeHandle(handle).catch(() => {}));
      return (names ?? []).every(({ name }) => name === '.' || name === '..');
    } catch (error) {
      return unknown(error) ?? false;
    }
  }

  #failure(code: PathCode, path: RelPath, cause: unknown): CellarmanError {
    return failure(code, { path: this.#places.text(path) }, cause);
  }
}

/** What cannot be asked is not known; but a question that was lost with its connection has to be asked again. */
function unknown(error: unknown): undefined {
  if (!isOfPath(error)) throw error;
}

type PathCode =
  | 'NOT_FOUND'
  | 'EXISTS'
  | 'NOT_EMPTY'
  | 'NOT_A_DIRECTORY'
  | 'IS_A_DIRECTORY'
  | 'NAME_TOO_LONG'
  | 'NO_SPACE'
  | 'READ_ONLY'
  | 'TOO_MANY_LINKS'
  | 'CROSS_DEVICE'
  | 'BUSY';
