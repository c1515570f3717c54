import { createReadStream } from 'node:fs';
import { access, open } from 'node:fs/promises';
import { join } from 'node:path';
import { type ByteString, toText } from '../../../system/byte-string.ts';
import { fromErrno } from '../../../system/errno.ts';
import { failure, isFailure } from '../../../system/errors.ts';
import { placesOf } from '../get/places.ts';
import type { FoundWal, WalSupply } from './supply.ts';

const BLOCK = 1024 * 1024;

/** The archive in a server's directory of this machine. */
export function lookInto(directory: ByteString): WalSupply {
  const root = toText(directory);
  return {
    find: async (name, partial) => {
      for (const place of placesOf(name, partial)) {
        const found = await openFile(join(root, place.directory, place.path));
        if (found !== undefined) return found;
      }
      const wals = join(root, 'wals');
      await access(wals).catch(() => {
        throw failure('SOURCE_MISSING', { path: wals });
      });
      return undefined;
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function openFile(path: string): Promise<FoundWal | undefined> {
  try {
    const file = await open(path, 'r');
    const content = createReadStream('', { fd: file, highWaterMark: BLOCK });
    return { unfinished: path.endsWith('.partial'), content };
  } catch (error) {
    const known = fromErrno(error, path);
    if (isFailure(known, 'NOT_FOUND')) return undefined;
    throw known;
  }
}
