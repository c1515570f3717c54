import { randomUUID } from 'node:crypto';
import { adopt } from '../../ssh/adopt.ts';
import { connect, resolveHost, type Target } from '../../ssh/connect.ts';
import type { Connection } from '../../ssh/connection.ts';
import type { RemoteLocation } from '../../ssh/location.ts';
import type { ReachOptions } from '../../ssh/reach-options.ts';
import { OpenFlag } from '../../ssh/sftp/protocol.ts';
import { openSession, type SftpSession } from '../../ssh/sftp/session.ts';
import { isVague } from '../../ssh/sftp/status.ts';
import { type ByteString, byteString, fromText, toText } from '../../system/byte-string.ts';
import { type CellarmanError, failure, isFailure } from '../../system/errors.ts';
import type { SourceClock } from '../clock.ts';
import type { Endpoint } from '../endpoint.ts';
import { parseOwnerFiles } from './owner-files.ts';
import { type Line, openRemote, ownLine } from './remote.ts';
import type { OwnerNames, Site } from './site.ts';

/** Microseconds by which a clock may be off that cannot be looked at. */
const UNKNOWN_SKEW = 5_000_000;
/** Bytes of a name in nearly all file systems. */
const NAME_MAX = 255;
const HERE = byteString('.');

/** A host that is reached by SFTP. Connects when it is first needed, and again when the connection is lost. */
export async function remoteSite(
  location: RemoteLocation,
  options: ReachOptions,
  signal: AbortSignal,
  onLost: (error: CellarmanError) => void,
): Promise<Site> {
  const { connection } = options;
  if (connection !== undefined) {
    return new RemoteSite(location.host, { adopted: adopt(connection), user: location.user }, signal, onLost);
  }
  const target = await resolveHost(location, options);
  const user = target.transport === 'ssh2' ? target.settings.user : target.command.user;
  return new RemoteSite(location.host, { target, user }, signal, onLost);
}

/** How the host is reached: as its settings say, or over a connection of the caller's. */
type Reach =
  | { readonly target: Target; readonly user: string }
  | { readonly adopted: Connection; readonly user: string | undefined };

class RemoteSite implements Site {
  readonly name: string;
  readonly privileged: boolean;
  readonly #reach: Reach;
  readonly #signal: AbortSignal;
  readonly #onLost: (error: CellarmanError) => void;
  #connection: Promise<Connection> | undefined;
  #session: Promise<SftpSession> | undefined;

  constructor(name: string, reach: Reach, signal: AbortSignal, onLost: (error: CellarmanError) => void) {
    this.name = name;
    this.#reach = reach;
    this.#signal = signal;
    this.#onLost = onLost;
    // SFTP does not tell who one is; only root may give files away.
    this.privileged = reach.user === 'root';
  }

  async real(path: ByteString): Promise<ByteString | undefined> {
    const session = await this.#open();
    try {
      const real = await session.realpath(path === '' ? HERE : path);
      // OpenSSH resolves what exists and gives the rest back as it is.
      await session.stat(real);
      return real;
    } catch (error) {
      if (isFailure(error, 'NOT_FOUND')) return undefined;
      if (isVague(error) && path.split('/').some((name) => name.length > NAME_MAX))
        throw failure('NAME_TOO_LONG', { path: toText(path) }, error);
      throw error;
    }
  }

  async absolute(path: ByteString): Promise<ByteString> {
    if (path.startsWith('/')) return path;
    const session = await this.#open();
    const home = await session.realpath(HERE);
    return byteString(home === '/' ? `/${path}` : `${home}/${path}`);
  }

  /** All trees of this thread share one connection, if it carries more than one channel. */
  open(root: ByteString): Promise<Endpoint> {
    const alone = 'target' in this.#reach && this.#reach.target.transport === 'command';
    const line = alone ? ownLine(this.#reach.target, this.#signal, this.#onLost) : this.#sharedLine();
    return openRemote(line, root, this.#signal);
  }

  #sharedLine(): Line {
    return {
      connection: () => this.#connect(),
      lost: (error) => {
        this.#onLost(error);
        void this.#connection?.then((connection) => connection.close()).catch(() => {});
        this.#connection = undefined;
        this.#session = undefined;
      },
      released: async () => {},
    };
  }

  spec(root: ByteString) {
    return 'target' in this.#reach
      ? ({ kind: 'sftp', target: this.#reach.target, root } as const)
      : undefined;
  }

  /**
   * SFTP has no clock. A new file shows it, where one may be made: in the home directory or in /tmp, never in the tree
   * itself. Elsewhere both clocks are taken to agree within a few seconds.
   */
  async clock(): Promise<SourceClock> {
    const session = await this.#open();
    const name = `.cellarman-${randomUUID()}`;
    for (const path of [name, `/tmp/${name}`]) {
      const probe = byteString(path);
      try {
        const before = Date.now();
        const handle = await session.open(
          probe,
          OpenFlag.WRITE | OpenFlag.CREATE | OpenFlag.EXCLUSIVE,
          0o600,
        );
        const [{ mtime }] = await Promise.all([
          session.fstat(handle),
          session.closeHandle(handle),
          session.remove(probe),
        ]);
        const after = Date.now();
        if (mtime === undefined) continue;
        // The server tells whole seconds, and made the file at some moment between the request and the answer.
        const theirs = mtime * 1_000_000 + 500_000;
        return {
          offset: theirs - ((before + after) / 2) * 1000,
          uncertainty: 500_000 + ((after - before) / 2) * 1000,
        };
      } catch (error) {
        if (isFailure(error, 'CONNECTION_LOST', 'ABORTED')) throw error;
      }
    }
    return { offset: 0, uncertainty: UNKNOWN_SKEW };
  }

  async ownerNames(uids: readonly number[], gids: readonly number[]): Promise<OwnerNames> {
    const session = await this.#open();
    if (!session.supports('users-groups-by-id@openssh.com')) return await this.allOwners();
    const names = await session.usersGroupsById(uids, gids);
    return { users: named(uids, names.users), groups: named(gids, names.groups) };
  }

  async allOwners(): Promise<OwnerNames> {
    const session = await this.#open();
    return parseOwnerFiles(await readText(session, '/etc/passwd'), await readText(session, '/etc/group'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const opened = await this.#session?.catch(() => undefined);
    opened?.close();
    const connection = await this.#connection?.catch(() => undefined);
    await connection?.close();
  }

  /** A session for questions about the host itself. */
  #open(): Promise<SftpSession> {
    this.#session ??= this.#connect().then(async (connection) =>
      openSession(await connection.openChannel(this.#signal), {
        host: connection.host,
        signal: this.#signal,
      }),
    );
    return this.#session;
  }

  #connect(): Promise<Connection> {
    this.#connection ??=
      'target' in this.#reach
        ? connect(this.#reach.target, { signal: this.#signal })
        : Promise.resolve(this.#reach.adopted);
    return this.#connection;
  }
}

function named(ids: readonly number[], names: readonly string[]): Map<number, string> {
  return new Map(ids.flatMap((id, i) => (names[i] ? [[id, names[i]] as const] : [])));
}

/** Nothing where the file cannot be read, as on most servers without a shell. */
async function readText(session: SftpSession, path: string): Promise<string> {
  try {
    const handle = await session.open(fromText(path), OpenFlag.READ);
    const blocks: Uint8Array[] = [];
    for (let at = 0; ; ) {
      const got = await session.read(handle, at, session.limits.read);
      if (got.length === 0) break;
      blocks.push(...got);
      at += got.reduce((sum, block) => sum + block.length, 0);
    }
    await session.closeHandle(handle);
    return Buffer.concat(blocks).toString('utf8');
  } catch (error) {
    if (isFailure(error, 'CONNECTION_LOST', 'ABORTED')) throw error;
    return '';
  }
}
