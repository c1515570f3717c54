import fs from 'node:fs';
import { checkAborted } from '../../../system/abort.ts';
import { type ByteString, byteString, toFsPath, toText } from '../../../system/byte-string.ts';
import { fromErrno } from '../../../system/errno.ts';
import { failure } from '../../../system/errors.ts';
import { temporaryName } from './temporary-name.ts';
import { pieces, type WalSource } from './wal-source.ts';

const BLOCK = 1024 * 1024;
/** What file systems say that have no hard links. */
const WITHOUT_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/** {@link sendWal} to a directory of this machine. */
export function sendToDirectory(source: WalSource, directory: ByteString, signal?: AbortSignal): void {
  const path = byteString(`${directory}/${source.name}`);
  try {
    if (!fs.existsSync(toFsPath(path))) place(source, directory, path, signal);
    else proveSame(source, path);
    sync(directory);
  } catch (error) {
    throw fromErrno(error, toText(path));
  }
}

function place(source: WalSource, directory: ByteString, path: ByteString, signal?: AbortSignal): void {
  const temporary = byteString(`${directory}/${temporaryName(source.name)}`);
  try {
    write(source, temporary, signal);
    moveTo(source, temporary, path);
  } finally {
    fs.rmSync(toFsPath(temporary), { force: true });
  }
}

function write(source: WalSource, path: ByteString, signal?: AbortSignal): void {
  const fd = fs.openSync(toFsPath(path), 'wx', source.mode);
  try {
    const block = Buffer.allocUnsafe(BLOCK);
    for (const { offset, length } of pieces(source.size, BLOCK)) {
      checkAborted(signal);
      const piece = block.subarray(0, length);
      source.readInto(piece, offset);
      for (let done = 0; done < length; ) done += fs.writeSync(fd, piece, done, length - done, offset + done);
    }
    fs.futimesSync(fd, source.modifiedAt, source.modifiedAt);
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/** By link(2), which replaces nothing; rename(2) only where the file system has no links. */
function moveTo(source: WalSource, temporary: ByteString, path: ByteString): void {
  try {
    fs.linkSync(toFsPath(temporary), toFsPath(path));
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') proveSame(source, path);
    else if (WITHOUT_LINKS.has(code)) fs.renameSync(toFsPath(temporary), toFsPath(path));
    else throw error;
  }
}

/** Whoever put it there may have been cut off before it was on the disk. */
function proveSame(source: WalSource, path: ByteString): void {
  const fd = fs.openSync(toFsPath(path), 'r');
  try {
    if (!isSame(source, fd)) throw failure('WAL_DIFFERS', { path: toText(path) });
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

function isSame(source: WalSource, fd: number): boolean {
  if (fs.fstatSync(fd).size !== source.size) return false;
  const [mine, theirs] = [Buffer.allocUnsafe(BLOCK), Buffer.allocUnsafe(BLOCK)];
  for (const { offset, length } of pieces(source.size, BLOCK)) {
    source.readInto(mine.subarray(0, length), offset);
    let done = 0;
    while (done < length) {
      const count = fs.readSync(fd, theirs, done, length - done, offset + done);
      if (count === 0) return false;
      done += count;
    }
    if (mine.compare(theirs, 0, length, 0, length) !== 0) return false;
  }
  return true;
}

function sync(directory: ByteString): void {
  const fd = fs.openSync(toFsPath(directory), 'r');
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}
