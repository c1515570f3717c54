import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Client } from 'ssh2';
import { type CellarmanError, failure } from '../../system/errors.ts';
import type { Connection } from '../connection.ts';
import { type HostKeyCheck, loadHostKeyCheck } from '../host-key-check.ts';
import type { HostSettings } from '../host-settings.ts';
import { readPassword } from '../password-file.ts';
import { endWhenSilent } from '../silence.ts';
import { dial } from './dial.ts';
import { loadIdentities } from './identities.ts';
import { Login } from './login.ts';
import { runBySsh2 } from './run-by-ssh2.ts';
import { SftpChannels } from './sftp-channels.ts';
import { loadSsh2 } from './ssh2-library.ts';

/** OpenSSH's default for MaxSessions; a server does not tell its own. */
const MAX_CHANNELS = 10;

/** How long a peer may take to close its side before the socket is dropped. */
const FAREWELL_MS = 1000;

/**
 * Connects inside this process. HOST_UNREACHABLE, HOST_KEY_UNKNOWN, HOST_KEY_CHANGED, HOST_KEY_REVOKED, LOGIN_REFUSED,
 * ABORTED; USAGE for a password file others can read.
 */
export async function connectSsh2(settings: HostSettings, signal?: AbortSignal): Promise<Connection> {
  const { passwordFile } = settings;
  const [check, password] = await Promise.all([
    loadHostKeyCheck(settings),
    passwordFile === undefined ? undefined : readPassword(passwordFile),
  ]);
  const socket = await dial(settings, signal);
  // The library is loaded while the server starts a process for this connection: each takes some 50 ms.
  try {
    const ssh2 = await loadSsh2();
    const identities = await loadIdentities(ssh2, settings.identityFiles);
    const login = new Login(ssh2, settings, identities, password);
    const client = new ssh2.Client();
    if (socket.destroyed)
      throw failure('HOST_UNREACHABLE', { host: settings.label, detail: 'it hung up during the login' });
    await logIn(client, socket, { settings, check, login, signal });
    endWhenSilent(socket, settings.silenceLimit);
    return connectionOver(client, socket, settings.label);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

interface Terms {
  readonly settings: HostSettings;
  readonly check: HostKeyCheck;
  readonly login: Login;
  readonly signal: AbortSignal | undefined;
}

function logIn(client: Client, socket: Socket, { settings, check, login, signal }: Terms): Promise<void> {
  const host = settings.label;
  const unreachable = (detail: string, cause?: unknown): CellarmanError =>
    failure('HOST_UNREACHABLE', { host, detail }, cause);
  return new Promise((resolve, reject) => {
    let verdict: CellarmanError | undefined;
    let asked = false;
    const settle = (error?: CellarmanError): void => {
      signal?.removeEventListener('abort', abort);
      if (error === undefined) resolve();
      else reject(error);
    };
    const abort = (): void => settle(failure('ABORTED'));
    if (signal?.aborted) return abort();
    signal?.addEventListener('abort', abort, { once: true });

    client.once('ready', () => settle());
    client.on('error', (error) => {
      if (verdict !== undefined) return settle(verdict);
      // An agent or a key that fails is one attempt less; ssh2 goes on with the next by itself.
      if (error.level === 'agent' || (error.level === 'client-authentication' && !isFinal(error))) return;
      if (isFinal(error)) return settle(login.refused());
      if (asked && error.level === undefined) return settle(login.refused(error.message));
      settle(unreachable(explain(error, settings.connectTimeout), error));
    });
    client.once('close', () => settle(unreachable('it hung up during the login')));
    client.once('change password', () => settle(login.refused('the password has expired')));
    try {
      client.connect({
        sock: socket,
        username: settings.user,
        readyTimeout: settings.connectTimeout * 1000,
        keepaliveInterval: settings.aliveInterval * 1000,
        // Whether the host is alive is judged by what it sends; see `endWhenSilent`.
        keepaliveCountMax: Number.MAX_SAFE_INTEGER,
        algorithms: { cipher: [...settings.ciphers], serverHostKey: [...check.algorithms] },
        hostVerifier: (key: Buffer) => {
          verdict = check.judge(key);
          return verdict === undefined;
        },
        authHandler: (accepted: string[] | null) => {
          asked = true;
          return login.next(accepted);
        },
      });
    } catch (error) {
      settle(unreachable(error instanceof Error ? error.message : String(error), error));
    }
  });
}

const isFinal = (error: Error): boolean => error.message === 'All configured authentication methods failed';

function explain(error: Error & { level?: string }, seconds: number): string {
  if (error.level === 'client-timeout') return `no answer within ${seconds} seconds`;
  if (error.level === 'protocol') return 'it hung up before it said anything: is this an SSH server?';
  if (error.level === 'handshake') return `${error.message} (-e ssh may know more ways)`;
  return error.message;
}

function connectionOver(client: Client, socket: Socket, host: string): Connection {
  const channels = new SftpChannels(client, host);
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    channels.close();
    closing ??= farewell(client, socket);
    return closing;
  };
  return {
    host,
    maxChannels: MAX_CHANNELS,
    openChannel: (signal?: AbortSignal): Promise<Duplex> => channels.open(signal),
    run: (line) => runBySsh2(client, line, host),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Ends the connection in good order, or after a while without. */
function farewell(client: Client, socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) return resolve();
    const timer = setTimeout(() => socket.destroy(), FAREWELL_MS);
    socket.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
    client.end();
  });
}
