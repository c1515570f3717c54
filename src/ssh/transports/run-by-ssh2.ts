import { constants } from 'node:os';
import type { Client, ClientChannel } from 'ssh2';
import { failure } from '../../system/errors.ts';
import { ERRORS_LIMIT, type RemoteEnd, type RemoteProgram } from '../remote-program.ts';

/** `Connection.run` over a connection of this process. */
export function runBySsh2(client: Client, line: string, host: string): Promise<RemoteProgram> {
  const lost = (detail: string, cause?: unknown): Error =>
    failure('CONNECTION_LOST', { host, detail }, cause);
  return new Promise((resolve, reject) => {
    const gone = (): void => reject(lost('it ended before the program was started'));
    client.once('close', gone);
    try {
      client.exec(line, (error, channel) => {
        client.off('close', gone);
        if (error === undefined) resolve({ input: channel, output: channel, ended: endOf(channel, lost) });
        else reject(lost(error.message, error));
      });
    } catch (error) {
      // ssh2 throws where the connection is gone already.
      client.off('close', gone);
      reject(lost(error instanceof Error ? error.message : String(error), error));
    }
  });
}

function endOf(channel: ClientChannel, lost: (detail: string) => Error): Promise<RemoteEnd> {
  let errors = '';
  let status: number | undefined;
  channel.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-ERRORS_LIMIT);
  });
  channel.on('exit', (code: number | null, signal?: string) => {
    status = code ?? 128 + numberOf(signal);
  });
  const ended = new Promise<RemoteEnd>((resolve, reject) => {
    // The program may end without reading all of its input: its status tells more.
    channel.on('error', () => undefined);
    channel.once('close', () => {
      if (status === undefined) reject(lost('it ended before the program there did'));
      else resolve({ status, errors });
    });
  });
  ended.catch(() => undefined);
  return ended;
}

function numberOf(signal: string | undefined): number {
  const numbers: Readonly<Record<string, number>> = constants.signals;
  return numbers[`SIG${signal}`] ?? 0;
}
