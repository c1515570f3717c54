import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ssh2, { type Connection, type PublicKeyAuthContext, type ServerChannel } from 'ssh2';
import { keyPair } from './key-pair.ts';
import { EXTENSIONS, type ExtensionName, FileServer } from './sftp-server/file-server.ts';
import { PacketCutter } from './sftp-server/packets.ts';

export interface SftpServerOptions {
  /** The directory clients see as `/`. */
  readonly root: string;
  /** What the server announces; default: all it can do. */
  readonly extensions?: readonly ExtensionName[];
  /** Log in with this password, asked for in either way, instead of the key. */
  readonly password?: string;
  /** How the password may be given; default: in both ways. */
  readonly passwordBy?: readonly ('password' | 'keyboard-interactive')[];
}

/** What goes wrong, to be changed at any time. */
interface Faults {
  /** The connection of the first channel that has carried so many bytes of SFTP is cut; then this is undefined again. */
  cutAfter?: number | undefined;
  /** The connection of a channel that has carried so many bytes of SFTP falls silent without being closed. */
  stallAfter?: number | undefined;
  /**
   * Sees each request, a packet without its length word, before it is carried out; may cut the connection then, or when
   * it was carried out and not answered yet.
   */
  watch?: ((packet: Buffer) => 'cut before' | 'cut after' | undefined) | undefined;
  /** Nobody is let in any more. */
  refuseConnections?: boolean;
  refuseLogin?: boolean;
  refuseSftp?: boolean;
}

export interface SftpServer {
  readonly host: '127.0.0.1';
  readonly port: number;
  readonly user: 'demo';
  /** Scratch directory of the server; removed by `stop`. */
  readonly directory: string;
  readonly identityFile: string;
  readonly knownHostsFile: string;
  readonly faults: Faults;
  /** Connections that were ever made. */
  readonly connections: number;
  /** Cuts every connection; the server keeps listening. */
  dropConnections(): void;
  stop(): Promise<void>;
}

/**
 * An SFTP server inside this process, on 127.0.0.1, with keys of its own: for demonstrations on machines without
 * OpenSSH, and to see what happens when things go wrong.
 */
export async function startSftpServer(options: SftpServerOptions): Promise<SftpServer> {
  const host = '127.0.0.1';
  const user = 'demo';
  const directory = mkdtempSync(join(tmpdir(), 'cellarman-sftp-'));
  const hostKey = keyPair();
  const userKey = keyPair();
  const identityFile = join(directory, 'user_key');
  const knownHostsFile = join(directory, 'known_hosts');
  const faults: Faults = {};
  const sockets = new Set<Socket>();
  let connections = 0;

  const listener = createServer({ noDelay: true }, (socket) => {
    connections += 1;
    if (faults.refuseConnections === true) {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    // One for each connection: several that begin at once could not be told apart.
    const ssh = new ssh2.Server({ hostKeys: [hostKey.private] }, (client) =>
      serve(client, socket, userKey.public, options, faults),
    );
    ssh.injectSocket(socket);
  });
  await new Promise<void>((resolve) => listener.listen(0, host, resolve));
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const { port } = address;
  writeFileSync(identityFile, userKey.private, { mode: 0o600 });
  writeFileSync(knownHostsFile, `[${host}]:${port} ${hostKey.public}\n`);

  const dropConnections = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    host,
    port,
    user,
    directory,
    identityFile,
    knownHostsFile,
    faults,
    get connections() {
      return connections;
    },
    dropConnections,
    stop: async () => {
      dropConnections();
      await new Promise((resolve) => listener.close(resolve));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function serve(
  client: Connection,
  socket: Socket,
  userKey: string,
  options: SftpServerOptions,
  faults: Faults,
): void {
  // Clients that are cut off end with errors, which are meant.
  client.on('error', () => {});
  client.on('authentication', (context) => {
    const { password, passwordBy = ['password', 'keyboard-interactive'] } = options;
    const decide = (good: boolean): void => {
      if (good && faults.refuseLogin !== true) context.accept();
      else context.reject(password === undefined ? ['publickey'] : [...passwordBy]);
    };
    if (password === undefined) decide(context.method === 'publickey' && isSigned(context, userKey));
    else if (context.method === 'password') decide(context.password === password);
    else if (context.method !== 'keyboard-interactive') decide(false);
    else
      context.prompt([{ prompt: 'Password: ', echo: false }], '', ([answer]) => decide(answer === password));
  });
  client.on('session', (accept) => {
    accept().on('subsystem', (acceptSubsystem, reject, { name }) => {
      if (name !== 'sftp' || faults.refuseSftp === true) reject();
      else serveFiles(acceptSubsystem(), socket, options, faults);
    });
  });
}

function isSigned({ key, blob, signature, hashAlgo }: PublicKeyAuthContext, userKey: string): boolean {
  const known = ssh2.utils.parseKey(userKey);
  if (known instanceof Error || !known.getPublicSSH().equals(key.data)) return false;
  // Without a signature the client only asks whether the key would do.
  return blob === undefined || signature === undefined || known.verify(blob, signature, hashAlgo) === true;
}

function serveFiles(
  channel: ServerChannel,
  socket: Socket,
  options: SftpServerOptions,
  faults: Faults,
): void {
  const files = new FileServer(options.root, options.extensions ?? EXTENSIONS);
  const cutter = new PacketCutter();
  let carried = 0;
  const goesOn = (bytes: number): boolean => {
    carried += bytes;
    if (faults.cutAfter !== undefined && carried >= faults.cutAfter) {
      faults.cutAfter = undefined;
      socket.destroy();
    } else if (faults.stallAfter !== undefined && carried >= faults.stallAfter) {
      // Not even the signs of life that SSH itself asks for are answered any more.
      socket.pause();
    } else return true;
    return false;
  };
  channel.on('data', (chunk: Buffer) => {
    // What came before the cut may still be in the pipeline: a server that was cut off does not see it.
    if (socket.destroyed || !goesOn(chunk.length)) return;
    for (const packet of cutter.push(chunk)) {
      const cut = faults.watch?.(packet);
      if (cut === 'cut after') files.answer(packet);
      if (cut !== undefined) {
        socket.destroy();
        return;
      }
      for (const piece of files.answer(packet)) {
        if (!goesOn(piece.length)) return;
        channel.write(piece);
      }
    }
  });
  channel.on('error', () => {});
  channel.on('end', () => {
    channel.exit(0);
    channel.end();
  });
  channel.on('close', () => files.close());
}
