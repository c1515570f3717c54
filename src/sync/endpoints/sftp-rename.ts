import type { SftpAttributes, SftpSession } from '../../ssh/sftp/session.ts';
import { isVague } from '../../ssh/sftp/status.ts';
import { type ByteString, toText } from '../../system/byte-string.ts';
import { typeOf } from './sftp-entry.ts';

/**
 * rename(2), which replaces in one step. Where both are names of one file it does nothing, and the old name is removed
 * here: LSTAT leaves in the same write, so that what it finds is what the rename left.
 */
export async function renameOver(session: SftpSession, from: ByteString, to: ByteString): Promise<void> {
  const renamed = session.posixRename(from, to);
  const looked = session.lstat(from).catch(() => undefined);
  await renamed;
  const left = await looked;
  if (left !== undefined && !isDirectory(left) && !mayBeOneName(from, to)) await session.remove(from);
}

/** RENAME, and where that does not replace, REMOVE and RENAME: for a moment there is no file of that name. */
export async function renameByParts(session: SftpSession, from: ByteString, to: ByteString): Promise<void> {
  try {
    await session.rename(from, to);
  } catch (error) {
    if (!isVague(error) || from === to) throw error;
    const [source, target] = await Promise.all([
      session.lstat(from),
      session.lstat(to).catch(() => undefined),
    ]);
    if (target === undefined || isDirectory(source) || isDirectory(target)) throw error;
    await session.remove(to);
    await session.rename(from, to);
  }
}

const isDirectory = ({ mode }: SftpAttributes): boolean => mode === undefined || typeOf(mode) === 'directory';

/** Names that differ in case or composition alone may be one name to the server's file system. */
function mayBeOneName(a: ByteString, b: ByteString): boolean {
  return fold(a) === fold(b);
}

const fold = (name: ByteString): string => toText(name).normalize('NFC').toLowerCase();
