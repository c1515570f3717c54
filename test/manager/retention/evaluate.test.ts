import { describe, expect, it } from 'vitest';
import { evaluateRetention, type JudgedBackup } from '../../../src/manager/retention/evaluate.ts';
import { parseRetentionPolicy } from '../../../src/manager/retention/policy.ts';

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 10, 22);

/** A finished backup taken so many days ago, named by them: `d03`. Older ones sort first, as IDs do. */
const taken = (daysAgo: number, more: Partial<JudgedBackup> = {}): JudgedBackup => ({
  id: `d${String(99 - daysAgo)}`,
  status: 'DONE',
  parentId: null,
  endTime: NOW - daysAgo * DAY,
  keep: null,
  ...more,
});

function judge(policy: string, backups: readonly JudgedBackup[], minimumRedundancy = 0): string[] {
  const rules = { policy: parseRetentionPolicy(policy) ?? null, minimumRedundancy };
  const verdicts = evaluateRetention(rules, backups, NOW);
  return backups.map(({ id }) => verdicts.get(id)?.status ?? 'missing');
}

describe('evaluateRetention', () => {
  it('keeps the newest n', () => {
    expect(judge('REDUNDANCY 2', [taken(3), taken(2), taken(1)])).toEqual(['OBSOLETE', 'VALID', 'VALID']);
  });

  it('never goes below minimum_redundancy', () => {
    expect(judge('REDUNDANCY 1', [taken(3), taken(2), taken(1)], 2)).toEqual(['OBSOLETE', 'VALID', 'VALID']);
    expect(judge('RECOVERY WINDOW OF 1 DAYS', [taken(5), taken(4), taken(3), taken(2)], 2)).toEqual([
      'OBSOLETE',
      'OBSOLETE',
      'POTENTIALLY_OBSOLETE',
      'VALID',
    ]);
  });

  it('keeps the newest backup from before the window, which starts it', () => {
    expect(judge('RECOVERY WINDOW OF 7 DAYS', [taken(20), taken(10), taken(5), taken(0)])).toEqual([
      'OBSOLETE',
      'VALID',
      'VALID',
      'VALID',
    ]);
  });

  it('shows kept backups as such and counts them', () => {
    const backups = [taken(4), taken(3, { keep: 'standalone' }), taken(2, { keep: 'full' }), taken(1)];
    expect(judge('REDUNDANCY 2', backups)).toEqual(['OBSOLETE', 'KEEP:STANDALONE', 'KEEP:FULL', 'VALID']);
  });

  it('judges finished backups only', () => {
    const backups = [taken(3), taken(2, { status: 'FAILED' }), taken(1, { status: 'WAITING_FOR_WALS' })];
    expect(judge('REDUNDANCY 1', backups)).toEqual(['VALID', 'NONE', 'NONE']);
  });

  it('lets incremental backups share the fate of their full one', () => {
    const old = taken(9);
    const child = taken(8, { parentId: old.id });
    const grandchild = taken(7, { parentId: child.id });
    expect(judge('REDUNDANCY 1', [old, child, grandchild, taken(1)])).toEqual([
      'OBSOLETE',
      'OBSOLETE',
      'OBSOLETE',
      'VALID',
    ]);
    const kept = { ...old, keep: 'full' as const };
    expect(judge('REDUNDANCY 1', [kept, child, grandchild, taken(1)])).toEqual([
      'KEEP:FULL',
      'VALID',
      'VALID',
      'VALID',
    ]);
    const standalone = { ...old, keep: 'standalone' as const };
    expect(judge('REDUNDANCY 1', [standalone, child, taken(1)])).toEqual([
      'KEEP:STANDALONE',
      'OBSOLETE',
      'VALID',
    ]);
  });

  it('survives a chain without beginning and one in a circle', () => {
    const a = taken(2, { parentId: 'd98' });
    const b = taken(1, { parentId: 'd97' });
    expect(judge('REDUNDANCY 1', [a, b])).toEqual(['NONE', 'NONE']);
    expect(judge('REDUNDANCY 1', [taken(1, { parentId: 'gone' })])).toEqual(['NONE']);
  });

  it('judges nothing without a policy', () => {
    expect(judge('', [taken(1), taken(0, { keep: 'full' })])).toEqual(['NONE', 'NONE']);
  });

  it('gives each its reason', () => {
    const policy = parseRetentionPolicy('REDUNDANCY 1') ?? null;
    const verdicts = evaluateRetention({ policy, minimumRedundancy: 0 }, [taken(2), taken(1)], NOW);
    expect([...verdicts.values()].map(({ reason }) => reason)).toEqual([
      'it is number 1 of the newest 1 (REDUNDANCY 1)',
      'there are 1 newer ones, and REDUNDANCY 1 asks for 1',
    ]);
  });
});
