import { parseLocation } from '../../../ssh/location.ts';
import { failure } from '../../../system/errors.ts';
import type { SendOptions } from './send-options.ts';
import { WalSource } from './wal-source.ts';

/**
 * Brings a WAL file into the directory of a location under its own name. It is there in full and durable when the
 * promise resolves, and never there in part: PostgreSQL may forget its own copy then. The same file once more is fine
 * (an earlier run was cut off before its answer came); what is there is never replaced.
 *
 * @throws WAL_DIFFERS where another file of that name is there; USAGE, ABORTED; the codes of single paths and hosts
 */
export async function sendWal(path: string, location: string, options: SendOptions = {}): Promise<void> {
  const destination = parseLocation(location);
  const { connection, signal } = options;
  if (connection !== undefined) throw failure('USAGE', { detail: 'a connection cannot be handed over here' });
  const source = new WalSource(path);
  try {
    // What is not needed is not loaded: this runs once for each segment.
    if (destination.kind === 'local') {
      const { sendToDirectory } = await import('./send-local.ts');
      sendToDirectory(source, destination.path, signal);
    } else {
      const { sendToHost } = await import('./send-sftp.ts');
      await sendToHost(source, destination, options);
    }
  } finally {
    source.close();
  }
}
