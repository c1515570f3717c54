import type { ByteString } from '../../system/byte-string.ts';
import type { SftpHandle, SftpName, SftpSession } from './session.ts';

/** READDIRs under way at first (most directories fit in one packet, and the second says so), and at most. */
const FIRST = 2;
const MOST = 64;

/**
 * All names of an open directory, with `.` and `..` where the server tells them, in its order; the handle stays open.
 * Several READDIRs are under way at once: those behind the end cost the server nothing.
 */
export async function readDirectory(session: SftpSession, handle: SftpHandle): Promise<SftpName[]> {
  const names: SftpName[] = [];
  const underWay: Promise<SftpName[] | undefined>[] = [];
  for (let i = 0; i < FIRST; i++) underWay.push(readMore(session, handle));
  let ended = false;
  for (let next = underWay.shift(); next !== undefined; next = underWay.shift()) {
    const some = await next;
    if (some === undefined) ended = true;
    else for (const entry of some) names.push(entry);
    // Two for one, until there are enough: a large directory shows by not ending.
    for (let i = 0; i < 2 && !ended && underWay.length < MOST; i++) underWay.push(readMore(session, handle));
  }
  return names;
}

function readMore(session: SftpSession, handle: SftpHandle): Promise<SftpName[] | undefined> {
  const more = session.readdir(handle);
  // It may fail while an earlier one is awaited, or when an earlier one has failed and nobody asks any more.
  more.catch(() => {});
  return more;
}

/** Whether a name from a server can be that of a directory's entry: one component, and not the directory itself. */
export function isEntryName(name: ByteString): boolean {
  return name !== '' && name !== '.' && name !== '..' && !name.includes('/') && !name.includes('\0');
}
