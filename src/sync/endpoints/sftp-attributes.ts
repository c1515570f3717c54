import type { AttributeChanges, SftpAttributes, SftpSession } from '../../ssh/sftp/session.ts';
import { isVague } from '../../ssh/sftp/status.ts';
import type { ByteString } from '../../system/byte-string.ts';
import { isFailure } from '../../system/errors.ts';
import type { Attributes } from '../entry.ts';
import { typeOf } from './sftp-entry.ts';

/**
 * The requests that set attributes, in order: a server applies one request's mode before its owner, and a change of owner
 * clears set-id bits, so that the owner goes first and alone. `current` is asked for only where half of what the protocol
 * has as a pair is missing.
 */
export async function attributeSteps(
  attributes: Attributes,
  current: () => Promise<SftpAttributes>,
): Promise<AttributeChanges[]> {
  const { uid, gid, mode, mtime } = attributes;
  const steps: AttributeChanges[] = [];
  if (uid !== undefined || gid !== undefined) steps.push({ owner: await owner(uid, gid, current) });
  if (mode !== undefined || mtime !== undefined) {
    steps.push({ ...(mode !== undefined && { mode }), ...(mtime !== undefined && { times: times(mtime) }) });
  }
  return steps;
}

async function owner(
  uid: number | undefined,
  gid: number | undefined,
  current: () => Promise<SftpAttributes>,
): Promise<{ uid: number; gid: number }> {
  if (uid !== undefined && gid !== undefined) return { uid, gid };
  const now = await current();
  return { uid: uid ?? now.uid ?? 0, gid: gid ?? now.gid ?? 0 };
}

/** Setting a time sets both; that of the last access becomes now, as after any use. */
function times(mtime: number): { atime: number; mtime: number } {
  return { atime: Math.floor(Date.now() / 1000), mtime: Math.floor(mtime / 1_000_000) };
}

/**
 * Sets attributes of the entry itself, symbolic link or not. The mode of a symbolic link, which has none, is left alone.
 * Where the server cannot set a mode without following (glibc needs /proc for it, which a chroot may not have), it is set
 * by SETSTAT once LSTAT has shown that there is nothing to follow.
 */
export async function setOfEntry(
  session: SftpSession,
  place: ByteString,
  steps: readonly AttributeChanges[],
): Promise<void> {
  const results = await Promise.allSettled(steps.map((step) => session.lsetstat(place, step)));
  for (const [index, result] of results.entries()) {
    const step = steps[index];
    if (result.status === 'fulfilled' || step === undefined) continue;
    const { reason } = result;
    if (step.mode === undefined || !(isVague(reason) || isFailure(reason, 'UNSUPPORTED'))) throw reason;
    const { mode } = await session.lstat(place);
    if (mode === undefined) throw reason;
    const { mode: _, ...rest } = step;
    if (typeOf(mode) !== 'symlink') await session.setstat(place, step);
    else if (rest.times !== undefined) await session.lsetstat(place, rest);
  }
}
