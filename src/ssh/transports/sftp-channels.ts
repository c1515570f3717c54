import type { Duplex } from 'node:stream';
import type { Client, ClientChannel } from 'ssh2';
import { type CellarmanError, failure } from '../../system/errors.ts';
import { RelayStream } from './relay-stream.ts';

/** The `sftp` channels of an ssh2 Client. ssh2 tells them nothing when the connection dies; this does. */
export class SftpChannels {
  readonly #client: Client;
  readonly #host: string;
  readonly #channels = new Set<RelayStream>();
  readonly #waiting = new Set<(error: CellarmanError) => void>();
  #over: CellarmanError | undefined;

  constructor(client: Client, host: string) {
    this.#client = client;
    this.#host = host;
    client.on('error', this.#onError);
    client.once('end', this.#onEnd);
    client.once('close', this.#onEnd);
  }

  open(signal?: AbortSignal): Promise<Duplex> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(failure('ABORTED'));
      if (this.#over !== undefined) return reject(this.#over);
      const settle = (): void => {
        this.#waiting.delete(fail);
        signal?.removeEventListener('abort', abort);
      };
      const fail = (error: CellarmanError): void => {
        settle();
        reject(error);
      };
      const abort = (): void => fail(failure('ABORTED'));
      this.#waiting.add(fail);
      signal?.addEventListener('abort', abort, { once: true });
      try {
        this.#client.subsys('sftp', (error, channel) => {
          const late = !this.#waiting.has(fail);
          if (error)
            fail(this.#over ?? failure('NO_SFTP', { host: this.#host, detail: reason(error) }, error));
          else if (late) channel.close();
          else {
            settle();
            resolve(this.#adopt(channel));
          }
        });
      } catch (error) {
        fail(this.#lost('it is closed already', error));
      }
    });
  }

  /** Ends what is open and refuses what is to come; the client itself is left alone. */
  close(): void {
    this.#finish(failure('CONNECTION_LOST', { host: this.#host, detail: 'it was closed here' }), undefined);
  }

  #adopt(channel: ClientChannel): RelayStream {
    let complaint = '';
    // Data nobody reads would fill the channel's window.
    channel.stderr.on('data', (chunk: Buffer) => {
      complaint = (complaint + chunk.toString('utf8')).slice(-500);
    });
    const stream = new RelayStream(channel, channel, () => {
      this.#channels.delete(stream);
      try {
        channel.close();
      } catch {
        // The connection is gone, and the channel with it.
      }
    });
    // A server whose SFTP program is missing accepts the subsystem first and fails then.
    channel.once('exit', (status: number | null) => {
      if (stream.received) return;
      const detail = complaint.trim() || `its SFTP program ended with status ${status}`;
      stream.destroy(failure('NO_SFTP', { host: this.#host, detail }));
    });
    // Not at 'end', which may come before 'exit'.
    channel.once('close', () => stream.finish());
    this.#channels.add(stream);
    return stream;
  }

  readonly #onError = (error: Error): void => {
    const lost = this.#lost(error.message, error);
    this.#finish(lost, lost);
  };

  readonly #onEnd = (): void => {
    // With a cause, as a session that is beginning takes an end without one for a server without SFTP.
    const lost = this.#lost('the other side closed it', new Error('the SSH connection ended'));
    this.#finish(lost, lost);
  };

  /** `later` is what calls from now on get, `now` what open channels are told. */
  #finish(later: CellarmanError, now: CellarmanError | undefined): void {
    if (this.#over !== undefined) return;
    this.#over = later;
    this.#client.off('error', this.#onError);
    this.#client.off('end', this.#onEnd);
    this.#client.off('close', this.#onEnd);
    for (const fail of [...this.#waiting]) fail(later);
    for (const channel of [...this.#channels]) channel.destroy(now);
  }

  #lost(detail: string, cause?: unknown): CellarmanError {
    return failure('CONNECTION_LOST', { host: this.#host, detail }, cause);
  }
}

function reason(error: Error): string {
  if (error.message.startsWith('Unable to start subsystem')) return 'it refused the sftp subsystem';
  return `it refused to open a channel: ${error.message.replace(/^\(SSH\) Channel open failure: /, '')}`;
}
