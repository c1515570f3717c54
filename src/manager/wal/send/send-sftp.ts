import { connect, resolveHost } from '../../../ssh/connect.ts';
import type { RemoteLocation } from '../../../ssh/location.ts';
import { Extension, OpenFlag } from '../../../ssh/sftp/protocol.ts';
import { openSession, type SftpHandle, type SftpSession } from '../../../ssh/sftp/session.ts';
import { isVague } from '../../../ssh/sftp/status.ts';
import { SftpBlockReader } from '../../../sync/endpoints/sftp-block-reader.ts';
import { checkAborted } from '../../../system/abort.ts';
import { type ByteString, byteString, toText } from '../../../system/byte-string.ts';
import { failure, isFailure } from '../../../system/errors.ts';
import type { SendOptions } from './send-options.ts';
import { temporaryName } from './temporary-name.ts';
import { pieces, type WalSource } from './wal-source.ts';

/** Less than this is no space: the smallest block of most file systems. */
const BLOCK = 4096;
/**
 * Bytes under way to a server close by. sshd takes what its SFTP program has not fetched yet into a buffer that it copies
 * whenever it grows: all that the channel takes costs it more time than the rest of the transfer.
 */
const LEAST_UNDER_WAY = 1024 * 1024;
/** Bytes a millisecond that a long way must not hold back. */
const PACE = 100_000;

/** {@link sendWal} to a directory of a host, over a connection of its own. */
export async function sendToHost(
  source: WalSource,
  location: RemoteLocation,
  options: SendOptions,
): Promise<void> {
  const reach = options.signal === undefined ? {} : { signal: options.signal };
  const target = await resolveHost(location, options);
  await using connection = await connect(target, reach);
  const session = await openSession(await connection.openChannel(options.signal), {
    host: connection.host,
    timeout: target.timeout,
    ...reach,
  });
  const directory = location.path.endsWith('/') ? location.path : byteString(`${location.path}/`);
  await new Sending(source, session, directory, options.signal).run();
  session.close();
}

/** One file on its way. Three round trips: open, write, rename; what can leave together does. */
class Sending {
  readonly #source: WalSource;
  readonly #session: SftpSession;
  readonly #directory: ByteString;
  readonly #path: ByteString;
  readonly #temporary: ByteString;
  readonly #signal: AbortSignal | undefined;
  /** Milliseconds. */
  #roundTrip = 0;

  constructor(
    source: WalSource,
    session: SftpSession,
    directory: ByteString,
    signal: AbortSignal | undefined,
  ) {
    this.#source = source;
    this.#session = session;
    this.#directory = directory;
    this.#path = byteString(directory + source.name);
    this.#temporary = byteString(directory + temporaryName(source.name));
    this.#signal = signal;
  }

  async run(): Promise<void> {
    const { CREATE, EXCLUSIVE, WRITE } = OpenFlag;
    const asked = performance.now();
    const looked = quietly(
      this.#isThere().finally(() => {
        this.#roundTrip = performance.now() - asked;
      }),
    );
    const opened = this.#openDirectory();
    const created = quietly(
      this.#session.open(this.#temporary, CREATE | EXCLUSIVE | WRITE, this.#source.mode),
    );
    let moved = false;
    const directory = await opened;
    const isThere = await looked;
    const file = await created;
    try {
      moved = !isThere && (await this.#place(file, directory));
      if (moved) return;
      await this.#proveSame();
      await this.#sync(directory);
    } catch (error) {
      throw await this.#explain(error);
    } finally {
      if (!moved) await this.#session.remove(this.#temporary).catch(() => undefined);
    }
  }

  /** False where another file of that name turned up meanwhile. */
  async #place(file: SftpHandle, directory: SftpHandle | undefined): Promise<boolean> {
    await this.#write(file);
    // Without replacing what is there: the server links and unlinks, or refuses.
    const renamed = this.#session.rename(this.#temporary, this.#path);
    const synced = quietly(this.#sync(directory));
    try {
      await renamed;
    } catch (error) {
      if (isVague(error) && (await this.#isThere())) return false;
      throw error;
    }
    await synced;
    return true;
  }

  async #write(file: SftpHandle): Promise<void> {
    const { size, modifiedAt } = this.#source;
    const session = this.#session;
    const answers: Promise<unknown>[] = [];
    const block = Buffer.allocUnsafe(Math.min(session.limits.write, Math.max(size, 1)));
    const underWay = Math.ceil(Math.max(LEAST_UNDER_WAY, PACE * this.#roundTrip) / block.length);
    for (const { offset, length } of pieces(size, block.length)) {
      checkAborted(this.#signal);
      await answers[answers.length - underWay];
      const room = session.writeRoom(length);
      if (room !== undefined) await room;
      const piece = block.subarray(0, length);
      this.#source.readInto(piece, offset);
      answers.push(quietly(session.write(file, offset, piece)));
    }
    // A server that keeps no times keeps the content all the same.
    const times = session
      .fsetstat(file, { times: { atime: modifiedAt, mtime: modifiedAt } })
      .catch(() => undefined);
    const written = quietly(session.fstat(file));
    answers.push(times, quietly(this.#sync(file)), quietly(session.closeHandle(file)));
    await Promise.all(answers);
    const present = (await written).size;
    if (present !== undefined && present !== size) {
      const detail = `the server holds ${present} of ${size} bytes, all of which it said to have written`;
      throw failure('IO', { path: this.#text(), detail });
    }
  }

  /** Whoever put it there may have been cut off before it was on the disk. */
  async #proveSame(): Promise<void> {
    const file = await this.#session.open(this.#path, OpenFlag.READ);
    if (!(await this.#isSame(file))) throw failure('WAL_DIFFERS', { path: this.#text() });
    await this.#sync(file);
  }

  async #isSame(file: SftpHandle): Promise<boolean> {
    const { size } = this.#source;
    // One byte more than there should be shows a file that is longer.
    const blocks = new SftpBlockReader(this.#session, file, 0, size + 1, { active: 0 });
    let offset = 0;
    for await (const theirs of blocks) {
      if (offset + theirs.length > size) return false;
      const mine = Buffer.allocUnsafe(theirs.length);
      this.#source.readInto(mine, offset);
      if (mine.compare(theirs) !== 0) return false;
      offset += theirs.length;
    }
    return offset === size;
  }

  async #isThere(): Promise<boolean> {
    try {
      await this.#session.lstat(this.#path);
      return true;
    } catch (error) {
      if (isFailure(error, 'NOT_FOUND')) return false;
      throw error;
    }
  }

  /** For its fsync. OpenSSH opens directories like files; what other servers refuse cannot be made sure of. */
  async #openDirectory(): Promise<SftpHandle | undefined> {
    if (!this.#session.supports(Extension.FSYNC)) return undefined;
    return this.#session.open(this.#directory, OpenFlag.READ).catch(() => undefined);
  }

  async #sync(handle: SftpHandle | undefined): Promise<void> {
    if (handle !== undefined && this.#session.supports(Extension.FSYNC)) await this.#session.fsync(handle);
  }

  /** SFTP has one status for all that can happen to a write. */
  async #explain(error: unknown): Promise<unknown> {
    if (!isVague(error)) return error;
    const fileSystem = await this.#session.statvfs(this.#directory).catch(() => undefined);
    if (fileSystem === undefined || fileSystem.available >= BLOCK) return error;
    return failure('NO_SPACE', { path: this.#text() }, error);
  }

  #text(): string {
    return `${this.#session.host}:${toText(this.#path)}`;
  }
}

/** A promise that is awaited later, together with others, any of which may fail first. */
function quietly<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
