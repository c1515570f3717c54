import type { AttributeChanges, SftpAttributes, SftpSession } from '../../ssh/sftp/session.ts';
import { isVague } from '../../ssh/sftp/status.ts';
import type { ByteString } from '../../system/byte-string.ts';
import { isFailure } from '../../system/errors.ts';
import type { Attributes } from '../entry.ts';
import { typeOf } from './sftp-entry.ts';

/** {@link stepsAlone}; `current` is asked for only where half of what the protocol has as a pair is missing. */
export async function attributeSteps(
  attributes: Attributes,
  current: () => Promise<SftpAttributes>,
): Promise<AttributeChanges[]> {
  const steps = stepsAlone(attributes);
  if (steps !== undefined) return steps;
  const now = await current();
  const { uid = now.uid ?? 0, gid = now.gid ?? 0, mode, mtime } = attributes;
  return stepsOf({ uid, gid }, mode, mtime);
}

/** The requests that set attributes, in order; undefined where the present owner has to be known for them. */
export function stepsAlone({ uid, gid, mode, mtime }: Attributes): AttributeChanges[] | undefined {
  if (uid !== undefined && gid !== undefined) return stepsOf({ uid, gid }, mode, mtime);
  return uid === undefined && gid === undefined ? stepsOf(undefined, mode, mtime) : undefined;
}

/**
 * A server applies one request's mode before its owner, and a change of owner clears set-id bits, so that the owner goes
 * first and alone.
 */
function stepsOf(
  owner: AttributeChanges['owner'],
  mode: number | undefined,
  mtime: number | undefined,
): AttributeChanges[] {
  const steps: AttributeChanges[] = [];
  if (owner !== undefined) steps.push({ owner });
  if (mode !== undefined || mtime !== undefined) {
    steps.push({ ...(mode !== undefined && { mode }), ...(mtime !== undefined && { times: times(mtime) }) });
  }
  return steps;
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
