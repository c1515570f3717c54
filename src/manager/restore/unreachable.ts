import { formatLsn } from '../../postgres/lsn.ts';
import { type CellarmanError, failure } from '../../system/errors.ts';
import { formatMoment } from '../catalogue/moment.ts';
import type { Chain } from './chain.ts';
import type { NoStop, TransactionEnd, WalReach } from './stop-search.ts';
import type { RecoveryTarget } from './target.ts';

/** A server's time stamp for people, in UTC. */
export const formatTime = ({ time }: Pick<TransactionEnd, 'time'>): string =>
  formatMoment({ epoch: time, offset: 0 });

/** The target, for people: `time 2026-11-22 15:17:47+00:00`. */
export function describeTarget(target: RecoveryTarget): string {
  switch (target.kind) {
    case 'end':
      return 'the end of the archived WAL';
    case 'immediate':
      return 'the end of the backup';
    case 'time':
      return `time ${formatMoment(target.time)}`;
    case 'xid':
      return `transaction ${target.transaction}`;
    case 'lsn':
      return `LSN ${formatLsn(target.lsn)}`;
    case 'name':
      return `restore point '${target.name}'`;
  }
}

/** What stands in the way of a target, and what can be reached instead. */
export function unreachable(
  target: RecoveryTarget,
  chain: Chain,
  { reached, damage }: NoStop,
  laterTimelines: readonly number[],
): CellarmanError {
  const instead = nearest(reached);
  if (damage !== undefined) {
    const where = `segment ${damage.segment.name} of the archive, ${formatLsn(damage.end.lsn)}`;
    return failure('WAL_DAMAGED', { where, detail: `${damage.end.reason}; ${instead}` });
  }
  if (chain.gap) {
    return failure('WAL_MISSING', {
      name: chain.missing,
      detail: `later ones are there, but recovery cannot pass it; ${instead}`,
    });
  }
  const what =
    target.kind === 'time'
      ? `no transaction ended after ${describeTarget(target)} in the archived WAL, and PostgreSQL stops only at one that did`
      : `${describeTarget(target)} is not in the archived WAL`;
  const later = laterTimelines.map((timeline) => `--target-tli ${timeline}`).join(' or ');
  const other = later === '' ? '' : `; the backup can also be recovered along a later timeline: ${later}`;
  return failure('RESTORE_TARGET', {
    detail: `${what}; the segment that comes next, ${chain.missing}, was not archived; ${instead}; without a target all of it is restored${other}`,
  });
}

/** What can be reached at most. */
export function nearest({ lsn, lastCommit }: WalReach): string {
  if (lsn === undefined) return 'nothing behind the backup can be reached';
  const commit =
    lastCommit === undefined
      ? ''
      : `, any --target-time before ${formatTime(lastCommit)} (transaction ${lastCommit.transaction})`;
  return `what can be reached: --target-lsn ${formatLsn(lsn)} at most${commit}`;
}
