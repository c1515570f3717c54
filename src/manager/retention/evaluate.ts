import type { RetentionPolicy } from './policy.ts';

/** What the policy looks at in a backup. */
export interface JudgedBackup {
  readonly id: string;
  readonly status: string;
  /** Of a block-incremental backup, which shares the fate of the full one it rests on. */
  readonly parentId: string | null;
  /** Milliseconds since the epoch. */
  readonly endTime: number | null;
  readonly keep: 'full' | 'standalone' | null;
}

export type RetentionStatus =
  | 'VALID'
  | 'OBSOLETE'
  /** The policy would let it go, minimum_redundancy does not. */
  | 'POTENTIALLY_OBSOLETE'
  | 'KEEP:FULL'
  | 'KEEP:STANDALONE'
  /** The policy does not judge it. */
  | 'NONE';

export interface Verdict {
  readonly status: RetentionStatus;
  /** For people, a clause that goes after "because". */
  readonly reason: string;
}

export interface RetentionRules {
  readonly policy: RetentionPolicy | null;
  readonly minimumRedundancy: number;
}

/**
 * Judges every backup of a server by Barman's rules.
 *
 * @param backups in any order.
 * @param now milliseconds since the epoch.
 */
export function evaluateRetention(
  { policy, minimumRedundancy }: RetentionRules,
  backups: readonly JudgedBackup[],
  now: number,
): Map<string, Verdict> {
  const verdicts = new Map<string, Verdict>();
  const byId = new Map(backups.map((backup) => [backup.id, backup]));
  const newestFirst = backups
    .filter(({ status, parentId }) => status === 'DONE' && parentId === null)
    .sort((a, b) => (a.id < b.id ? 1 : -1));
  const judge =
    policy === null
      ? () => ({ status: 'NONE' as const, reason: 'there is no retention policy' })
      : policy.kind === 'redundancy'
        ? byRedundancy(policy.copies, minimumRedundancy)
        : byWindow(policy, minimumRedundancy, now);

  const unkept = new Map<string, Verdict>();
  for (const backup of newestFirst) {
    const verdict = judge(backup);
    unkept.set(backup.id, verdict);
    verdicts.set(backup.id, keptVerdict(backup, policy) ?? verdict);
  }
  for (const backup of backups) {
    if (!verdicts.has(backup.id)) verdicts.set(backup.id, withoutOwnVerdict(backup));
  }
  return verdicts;

  function withoutOwnVerdict(backup: JudgedBackup): Verdict {
    const { status, parentId } = backup;
    if (status !== 'DONE' && (status !== 'WAITING_FOR_WALS' || parentId === null)) {
      return { status: 'NONE', reason: `it is ${status}, and only DONE backups are judged` };
    }
    const root = rootOf(backup, byId);
    const verdict = verdicts.get(root.id);
    if (verdict === undefined) return { status: 'NONE', reason: `its full backup ${root.id} is not there` };
    return {
      status: inheritedStatus(verdict, unkept.get(root.id)),
      reason: `it rests on ${root.id}: ${verdict.reason}`,
    };
  }
}

/** What a block-incremental backup gets from its full one. */
function inheritedStatus(root: Verdict, unlessKept: Verdict | undefined): RetentionStatus {
  if (root.status === 'KEEP:FULL') return 'VALID';
  if (root.status === 'KEEP:STANDALONE') return unlessKept?.status === 'VALID' ? 'VALID' : 'OBSOLETE';
  return root.status;
}

function keptVerdict({ keep }: JudgedBackup, policy: RetentionPolicy | null): Verdict | undefined {
  if (keep === null || policy === null) return undefined;
  return keep === 'full'
    ? { status: 'KEEP:FULL', reason: 'it is kept with all WAL since, until "keep --release"' }
    : {
        status: 'KEEP:STANDALONE',
        reason: 'it is kept with the WAL it needs itself, until "keep --release"',
      };
}

type Judge = (backup: JudgedBackup) => Verdict;

/** Called from the newest to the oldest. */
function byRedundancy(copies: number, minimumRedundancy: number): Judge {
  const enough = Math.max(copies, minimumRedundancy);
  const rule = enough > copies ? `minimum_redundancy = ${enough}` : `REDUNDANCY ${enough}`;
  let seen = 0;
  return () => {
    seen += 1;
    return seen <= enough
      ? { status: 'VALID', reason: `it is number ${seen} of the newest ${enough} (${rule})` }
      : { status: 'OBSOLETE', reason: `there are ${seen - 1} newer ones, and ${rule} asks for ${enough}` };
  };
}

/** Called from the newest to the oldest. */
function byWindow(
  policy: Extract<RetentionPolicy, { kind: 'recovery window' }>,
  minimumRedundancy: number,
  now: number,
): Judge {
  const start = now - policy.milliseconds;
  let startsWindow: string | undefined;
  let valid = 0;
  return ({ id, endTime }) => {
    if (startsWindow !== undefined) {
      if (valid >= minimumRedundancy) {
        return { status: 'OBSOLETE', reason: `the window is covered from ${startsWindow} on` };
      }
      valid += 1;
      return {
        status: 'POTENTIALLY_OBSOLETE',
        reason: `the window is covered from ${startsWindow} on, but minimum_redundancy = ${minimumRedundancy}`,
      };
    }
    valid += 1;
    if (endTime !== null && endTime < start) {
      startsWindow = id;
      return { status: 'VALID', reason: 'the start of the recovery window can be reached from it only' };
    }
    return { status: 'VALID', reason: 'it lies within the recovery window' };
  };
}

function rootOf(backup: JudgedBackup, byId: ReadonlyMap<string, JudgedBackup>): JudgedBackup {
  const seen = new Set<string>();
  let root = backup;
  while (root.parentId !== null && !seen.has(root.id)) {
    seen.add(root.id);
    const parent = byId.get(root.parentId);
    if (parent === undefined) return root;
    root = parent;
  }
  return root;
}
