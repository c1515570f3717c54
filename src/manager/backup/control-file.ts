import { setTimeout } from 'node:timers/promises';
import { type ControlFile, parseControlFile } from '../../postgres/control-file.ts';
import type { Endpoint } from '../../sync/endpoint.ts';
import type { Entry, RelPath } from '../../sync/entry.ts';
import { isFailure } from '../../system/errors.ts';

export interface ReadControlFile {
  readonly entry: Entry;
  readonly bytes: Buffer;
  readonly content: ControlFile;
}

/** Of pg_control; PostgreSQL writes all of it at once. */
const SIZE = 8192;
/** PostgreSQL's own programs try ten times; a write takes far less than this, milliseconds. */
const TRIES = 10;
const PAUSE = 20;

/**
 * Reads `global/pg_control` of a running server, again when it was caught in the middle of a write. CONTROL_FILE_CRC
 * where it stays wrong, or is wrong in the same way twice; CONTROL_FILE; the codes of single paths.
 */
export async function readControlFile(endpoint: Endpoint, path: RelPath): Promise<ReadControlFile> {
  let before: Buffer | undefined;
  for (let attempt = 1; ; attempt++) {
    const { entry, bytes } = await read(endpoint, path);
    try {
      return { entry, bytes, content: parseControlFile(bytes) };
    } catch (error) {
      const isSame = before?.equals(bytes) === true;
      if (!isFailure(error, 'CONTROL_FILE_CRC') || attempt === TRIES || isSame) throw error;
      before = bytes;
      await setTimeout(PAUSE);
    }
  }
}

async function read(endpoint: Endpoint, path: RelPath): Promise<{ entry: Entry; bytes: Buffer }> {
  const file = await endpoint.openRead(path);
  try {
    const entry = await file.stat();
    const blocks: Buffer[] = [];
    for await (const block of file.read(0, SIZE)) blocks.push(Buffer.from(block));
    return { entry, bytes: Buffer.concat(blocks) };
  } finally {
    await file.close();
  }
}
