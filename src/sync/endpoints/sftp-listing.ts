import { isEntryName, readDirectory } from '../../ssh/sftp/directory.ts';
import type { SftpAttributes, SftpName, SftpSession } from '../../ssh/sftp/session.ts';
import { type ByteString, byteString, toText } from '../../system/byte-string.ts';
import { failure, isFailure } from '../../system/errors.ts';
import type { Entry } from '../entry.ts';
import { sftpEntry } from './sftp-entry.ts';

/**
 * The names in a directory. `accept` judges its LSTAT, which leaves in one write with OPENDIR; for the root, which may be a
 * symbolic link, it is not asked for.
 */
export async function readNames(
  session: SftpSession,
  place: ByteString,
  accept: ((attributes: SftpAttributes) => void) | undefined,
): Promise<SftpName[]> {
  const [looked, opened] = await Promise.allSettled([
    accept === undefined ? undefined : session.lstat(place),
    session.opendir(place),
  ]);
  try {
    if (looked.status === 'rejected') throw looked.reason;
    if (looked.value !== undefined) accept?.(looked.value);
    if (opened.status === 'rejected') throw opened.reason;
    const names = await readDirectory(session, opened.value);
    if (names.length === 0) await mustBeEnterable(session, place);
    return names.filter(({ name }) => name !== '.' && name !== '..');
  } finally {
    // Nothing depends on the answer.
    if (opened.status === 'fulfilled') session.closeHandle(opened.value).catch(() => {});
  }
}

/**
 * OpenSSH leaves out what it cannot look at: of a directory that may be read and not entered that is all, `.` too, and it
 * would pass for an empty one.
 */
async function mustBeEnterable(session: SftpSession, place: ByteString): Promise<void> {
  await session.lstat(byteString(`${place}/.`)).catch((error: unknown) => {
    // Whatever else a server that lists no `.` has to say of it.
    if (isFailure(error, 'PERMISSION_DENIED'))
      throw failure('PERMISSION_DENIED', { path: `${session.host}:${toText(place)}` }, error);
  });
}

/** Entries in the order of their bytes; names that cannot be, and all but the first of equal ones, go to `refuse`. */
export function sortedEntries(names: readonly SftpName[], refuse: (name: ByteString) => void): Entry[] {
  const entries: Entry[] = [];
  for (const { name, attributes } of names) {
    if (isEntryName(name)) entries.push(sftpEntry(name, attributes, undefined));
    else refuse(name);
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  let kept = 0;
  let last: ByteString | undefined;
  for (const entry of entries) {
    if (entry.name === last) refuse(entry.name);
    else entries[kept++] = entry;
    last = entry.name;
  }
  entries.length = kept;
  return entries;
}
