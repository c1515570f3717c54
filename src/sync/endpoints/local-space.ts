import fs from 'node:fs';
import { type ByteString, byteString, toFsPath } from '../../system/byte-string.ts';
import type { Space } from '../endpoint.ts';

/** What all file systems in use allow at least; `node:fs` does not tell NAME_MAX. */
const USUAL_NAME_MAX = 255;

function nameFits(prefix: ByteString, length: number): boolean {
  try {
    fs.lstatSync(toFsPath(byteString(prefix + 'n'.repeat(length))), { throwIfNoEntry: false });
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENAMETOOLONG';
  }
}

/** Looks for names of ever closer lengths (eCryptfs: 143 bytes) where the usual one does not fit. */
function nameMax(prefix: ByteString): number {
  if (nameFits(prefix, USUAL_NAME_MAX)) return USUAL_NAME_MAX;
  let fits = 1;
  let tooLong = USUAL_NAME_MAX;
  while (tooLong - fits > 1) {
    const middle = (fits + tooLong) >> 1;
    if (nameFits(prefix, middle)) fits = middle;
    else tooLong = middle;
  }
  return fits;
}

function isReadOnly(prefix: ByteString): boolean {
  try {
    fs.accessSync(toFsPath(prefix), fs.constants.W_OK);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EROFS';
  }
}

/** `prefix` is the path of a directory with a slash behind it. */
export function localSpace(prefix: ByteString): Space {
  const { bavail, bsize } = fs.statfsSync(toFsPath(prefix));
  return { available: bavail * bsize, readOnly: isReadOnly(prefix), nameMax: nameMax(prefix) };
}
