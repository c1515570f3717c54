import { adopt } from '../../ssh/adopt.ts';
import { resolveHost, type Target } from '../../ssh/connect.ts';
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
import { isOfPath } from '../run-failure.ts';
import type { Flusher, Proof } from './flusher.ts';
import { parseOwnerFiles } from './owner-files.ts';
import { Reconnector } from './reconnector.ts';
import { adoptedLine, type Line, newLine, onLine, openRemote } from './remote.ts';
import { readRemoteClock } from './remote-clock.ts';
import { remoteFlusher } from './remote-flusher.ts';
import type { OwnerNames, Site } from './site.ts';

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

/** The same for a host of which it is known already how to reach it. */
export function targetSite(
  target: Target,
  signal: AbortSignal,
  onLost: (error: CellarmanError) => void,
): Site {
  const [name, user] =
    target.transport === 'ssh2'
      ? [target.settings.label, target.settings.user]
      : [target.command.label, target.command.user];
  return new RemoteSite(name, { target, user }, signal, onLost);
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
  /** For questions about the host itself, and for trees if it carries more than one channel. */
  readonly #line: Line;
  readonly #session: Reconnector<SftpSession>;

  constructor(name: string, reach: Reach, signal: AbortSignal, onLost: (error: CellarmanError) => void) {
    this.name = name;
    this.#reach = reach;
    this.#signal = signal;
    this.#onLost = onLost;
    // SFTP does not tell who one is; only root may give files away.
    this.privileged = reach.user === 'root';
    this.#line = 'target' in reach ? newLine(reach.target, signal, onLost) : adoptedLine(reach.adopted);
    const { timeout } = this.#line;
    this.#session = new Reconnector(
      onLine(
        this.#line,
        async (connection) =>
          openSession(await connection.openChannel(signal), { host: connection.host, timeout, signal }),
        (session) => session.close(),
        signal,
      ),
    );
  }

  async real(path: ByteString): Promise<ByteString | undefined> {
    try {
      return await this.#session.attempt(async (session) => {
        const real = await session.realpath(path === '' ? HERE : path);
        // OpenSSH resolves what exists and gives the rest back as it is.
        await session.stat(real);
        return real;
      });
    } catch (error) {
      if (isFailure(error, 'NOT_FOUND')) return undefined;
      if (isVague(error) && path.split('/').some((name) => name.length > NAME_MAX))
        throw failure('NAME_TOO_LONG', { path: toText(path) }, error);
      throw error;
    }
  }

  async absolute(path: ByteString): Promise<ByteString> {
    if (path.startsWith('/')) return path;
    const home = await this.#session.attempt((session) => session.realpath(HERE));
    return byteString(home === '/' ? `/${path}` : `${home}/${path}`);
  }

  /** All trees of this thread share one connection, if it carries more than one channel. */
  open(root: ByteString): Promise<Endpoint> {
    const alone = 'target' in this.#reach && this.#reach.target.transport === 'command';
    if (!alone) return openRemote(this.#line, root, this.#signal, async () => {});
    const line = newLine(this.#reach.target, this.#signal, this.#onLost);
    return openRemote(line, root, this.#signal, () => line.close());
  }

  spec(root: ByteString) {
    return 'target' in this.#reach
      ? ({ kind: 'sftp', target: this.#reach.target, root } as const)
      : undefined;
  }

  clock(): Promise<SourceClock> {
    return readRemoteClock(this.#session);
  }

  /** By a connection of its own: the server may grant no more channels on one that is busy. */
  async flusher(proof: Proof): Promise<Flusher | undefined> {
    if (!('target' in this.#reach)) return undefined;
    const line = newLine(this.#reach.target, this.#signal, this.#onLost);
    return await remoteFlusher(line, proof, this.#signal);
  }

  async ownerNames(uids: readonly number[], gids: readonly number[]): Promise<OwnerNames> {
    return this.#session.attempt(async (session) => {
      if (!session.supports('users-groups-by-id@openssh.com')) return await ownersOf(session);
      const names = await session.usersGroupsById(uids, gids);
      return { users: named(uids, names.users), groups: named(gids, names.groups) };
    });
  }

  allOwners(): Promise<OwnerNames> {
    return this.#session.attempt(ownersOf);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    (await this.#session.close())?.close();
    await this.#line.close();
  }
}

async function ownersOf(session: SftpSession): Promise<OwnerNames> {
  return parseOwnerFiles(await readText(session, '/etc/passwd'), await readText(session, '/etc/group'));
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
    if (!isOfPath(error)) throw error;
    return '';
  }
}
