import { type Lsn, parseLsn } from '../../postgres/lsn.ts';
import { failure } from '../../system/errors.ts';
import type { Moment } from '../catalogue/moment.ts';
import { parseTargetTime } from './target-time.ts';

/** Where recovery shall end, as PostgreSQL's `recovery_target*` settings have it. */
export type RecoveryTarget =
  /** Everything that is archived. */
  | { readonly kind: 'end' }
  /** As soon as the backup is consistent. */
  | { readonly kind: 'immediate' }
  | { readonly kind: 'time'; readonly time: Moment }
  /** `transaction`: 32 bits, as records have it. */
  | { readonly kind: 'xid'; readonly transaction: number }
  | { readonly kind: 'lsn'; readonly lsn: Lsn }
  | { readonly kind: 'name'; readonly name: string };

/** The words of a command line. */
export interface TargetWords {
  readonly targetTime?: string | undefined;
  readonly targetXid?: string | undefined;
  readonly targetLsn?: string | undefined;
  readonly targetName?: string | undefined;
  readonly targetImmediate?: boolean | undefined;
}

/** At most one of them. USAGE, NOT_AN_LSN. @param now for `now`, `today` and their like */
export function parseTarget(words: TargetWords, now: Date): RecoveryTarget {
  const { targetTime, targetXid, targetLsn, targetName, targetImmediate = false } = words;
  const given = [targetTime, targetXid, targetLsn, targetName].filter((word) => word !== undefined);
  if (given.length + (targetImmediate ? 1 : 0) > 1) {
    throw usage('You cannot specify multiple targets for the recovery operation');
  }
  if (targetTime !== undefined) return { kind: 'time', time: parseTargetTime(targetTime, now) };
  if (targetXid !== undefined) return { kind: 'xid', transaction: parseTransaction(targetXid) };
  if (targetLsn !== undefined) return { kind: 'lsn', lsn: parseLsn(targetLsn) };
  if (targetName !== undefined) {
    // A restore point's name has 63 bytes at most (MAXFNAMELEN).
    if (targetName === '' || Buffer.byteLength(targetName) > 63)
      throw usage(`--target-name=${targetName}: a restore point has a name of 1 to 63 bytes`);
    return { kind: 'name', name: targetName };
  }
  return { kind: targetImmediate ? 'immediate' : 'end' };
}

/** Also with the epoch in its upper half, as `pg_current_xact_id()` gives it. */
function parseTransaction(text: string): number {
  const number = /^\d{1,20}$/.test(text) ? BigInt(text) & 0xffff_ffffn : 0n;
  // The numbers below are no transactions of anybody's.
  if (number < 3n) throw usage(`--target-xid=${text}: it is not the number of a transaction`);
  return Number(number);
}

/** A timeline as `--target-tli` has it. */
export type TimelineWish = number | 'current' | 'latest';

/** USAGE. */
export function parseTimelineWish(text: string): TimelineWish {
  if (text === 'current' || text === 'latest') return text;
  const number = /^(0x[0-9a-f]{1,8}|\d{1,10})$/i.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= 0xffff_ffff) return number;
  throw usage(`--target-tli=${text}: a timeline is a number from 1, "current" or "latest"`);
}

const usage = (detail: string): Error => failure('USAGE', { detail });
