import type { ProcessIdentity } from '../../../system/process-identity.ts';
import type { SupplySettings } from './settings.ts';

/** What a helper is started with: one line of JSON on its standard input. It says `ready` when it listens. */
export interface HelperSetup {
  readonly settings: SupplySettings;
  /** Where its socket and its files are; its own, and nobody else's. */
  readonly directory: string;
  /** Segments to fetch before they are asked for. */
  readonly ahead: number;
}

/** What a helper is asked, over its socket: one line of JSON, of which each connection carries one, and its answer. */
export interface HelperRequest {
  readonly name: string;
  readonly partial: boolean;
  /** When this process has ended, nobody will ask any more. */
  readonly commander: ProcessIdentity | undefined;
}

export type HelperAnswer =
  /** Proven; to be moved away by who asked. */
  | { readonly path: string }
  | { readonly missing: true }
  | { readonly error: { readonly code: string; readonly message: string } };

export const SOCKET = 'socket';
export const READY = 'ready\n';

/** The line that a stream says, without its end. Rejects where the stream ends before. */
export async function readLine(stream: AsyncIterable<Buffer>): Promise<string> {
  let text = '';
  for await (const part of stream) {
    text += part.toString('utf8');
    const end = text.indexOf('\n');
    if (end >= 0) return text.slice(0, end);
  }
  throw new Error('it ended before it answered');
}
