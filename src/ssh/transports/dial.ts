import { connect, type Socket } from 'node:net';
import { failure } from '../../system/errors.ts';
import type { HostSettings } from '../host-settings.ts';

/**
 * A TCP connection to the host. Nagle's algorithm is off: it holds the small requests of SFTP back and makes ssh2 three
 * to six times slower. HOST_UNREACHABLE, ABORTED.
 */
export function dial(settings: HostSettings, signal?: AbortSignal): Promise<Socket> {
  const { label: host, address, port, connectTimeout } = settings;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(failure('ABORTED'));
    const socket = connect({ host: address, port, noDelay: true });
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    };
    const abort = (): void => {
      settle();
      socket.destroy();
      reject(failure('ABORTED'));
    };
    const timer = setTimeout(() => {
      settle();
      socket.destroy();
      reject(failure('HOST_UNREACHABLE', { host, detail: `no answer within ${connectTimeout} seconds` }));
    }, connectTimeout * 1000);
    signal?.addEventListener('abort', abort, { once: true });
    socket.once('connect', () => {
      settle();
      resolve(socket);
    });
    // Stays for the socket's whole life: an error nobody listens to would end the process.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      settle();
      reject(failure('HOST_UNREACHABLE', { host, detail: explain(error, address, port) }, error));
    });
  });
}

function explain(error: NodeJS.ErrnoException, address: string, port: number): string {
  switch (error.code) {
    case 'ECONNREFUSED':
      return `nothing listens on port ${port} of ${address}`;
    case 'ENOTFOUND':
      return `there is no host called ${address}`;
    case 'EAI_AGAIN':
      return `the name ${address} cannot be looked up at the moment`;
    case 'ETIMEDOUT':
      return 'no answer';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return `there is no way to ${address} from here`;
    default:
      return error.message;
  }
}
