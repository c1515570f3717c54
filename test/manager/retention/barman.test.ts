import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { evaluateRetention, type JudgedBackup } from '../../../src/manager/retention/evaluate.ts';
import { parseRetentionPolicy } from '../../../src/manager/retention/policy.ts';
import { barman, requireBarman } from '../../support/barman.ts';

const HOUR = 3_600_000;
const dir = mkdtempSync(join(tmpdir(), 'cellarman-retention-'));
afterAll(() => {
  rmSync(dir, { recursive: true });
});

const newestFirst = fc.array(
  fc.record({
    // Hours between a backup and the next newer one.
    gap: fc.integer({ min: 14, max: 34 }),
    status: fc.constantFrom('DONE', 'DONE', 'DONE', 'DONE', 'FAILED', 'WAITING_FOR_WALS'),
    keep: fc.constantFrom(null, null, null, null, 'full' as const, 'standalone' as const),
  }),
  { minLength: 1, maxLength: 8 },
);
const server = fc.record({
  backups: newestFirst,
  policy: fc.oneof(
    fc.integer({ min: 0, max: 4 }).map((copies) => `REDUNDANCY ${copies}`),
    fc.integer({ min: 1, max: 6 }).map((days) => `RECOVERY WINDOW OF ${days} DAYS`),
  ),
  minimumRedundancy: fc.integer({ min: 0, max: 4 }),
});

const idOf = (time: number): string => new Date(time).toISOString().slice(0, 19).replaceAll(/[-:]/g, '');

/** A catalogue of nothing but `backup.info` files, in the place all versions of Barman read. */
function writeBackup(root: string, { id, status, endTime, keep }: JudgedBackup, segment: number): void {
  const base = join(root, 'base', id);
  mkdirSync(join(base, 'annotations'), { recursive: true });
  mkdirSync(join(base, 'data'));
  // Newer versions move annotations here, and fail where it is missing.
  mkdirSync(join(root, 'meta'), { recursive: true });
  const time = new Date(endTime ?? 0).toISOString().replace('T', ' ').replace('Z', '+00:00');
  const wal = `00000001000000000000${segment.toString(16).toUpperCase().padStart(4, '0')}`;
  writeFileSync(
    join(base, 'backup.info'),
    `begin_time=${time}\nend_time=${time}\nbegin_wal=${wal}\nend_wal=${wal}\nmode=rsync-concurrent\nstatus=${status}\n` +
      'size=1\ntimeline=1\nversion=150000\n',
  );
  if (keep !== null) writeFileSync(join(base, 'annotations', 'keep'), keep);
}

describe.skipIf(!requireBarman())('barman list-backups', () => {
  it('judges every backup as we do', () => {
    const now = Date.now();
    const config = join(dir, 'barman.conf');
    const cases = fc.sample(server, { numRuns: 40, seed: 4 }).map((generated, index) => {
      let time = now;
      const backups = generated.backups.map(({ gap, status, keep }, place): JudgedBackup => {
        time -= gap * HOUR;
        const backup = {
          id: idOf(time),
          status,
          parentId: null,
          endTime: time,
          keep: status === 'DONE' ? keep : null,
        };
        writeBackup(join(dir, 'home', `s${index}`), backup, 100 - place);
        return backup;
      });
      return { ...generated, name: `s${index}`, backups };
    });
    const sections = cases.map(
      ({ name, policy, minimumRedundancy }) =>
        `[${name}]\nconninfo = host=127.0.0.1 port=1\nbackup_method = local-rsync\nretention_policy = ${policy}\nminimum_redundancy = ${minimumRedundancy}\n`,
    );
    writeFileSync(
      config,
      `[barman]\nbarman_user = ${userInfo().username}\nbarman_home = ${dir}/home\nlog_file = ${dir}/log\narchiver = on\n${sections.join('')}`,
    );
    const { stdout, stderr } = barman(config, '-f', 'json', 'list-backups', 'all');
    expect(stderr).toBe('');
    const listed: Record<string, { backup_id: string; retention_status?: string }[]> = JSON.parse(stdout);

    const shown: Readonly<Record<string, string>> = {
      VALID: '-',
      NONE: '-',
      POTENTIALLY_OBSOLETE: 'OBSOLETE*',
    };
    let judged = 0;
    for (const { name, policy, minimumRedundancy, backups } of cases) {
      const rules = { policy: parseRetentionPolicy(policy) ?? null, minimumRedundancy };
      const verdicts = evaluateRetention(rules, backups, now);
      // Barman says nothing of backups that failed.
      const theirs = (listed[name] ?? []).filter(({ retention_status: status }) => status !== undefined);
      const ours = theirs.map(({ backup_id }) => {
        const status = verdicts.get(backup_id)?.status ?? 'missing';
        return { backup_id, retention_status: shown[status] ?? status };
      });
      expect({ name, ours }).toEqual({
        name,
        ours: theirs.map(({ backup_id, retention_status }) => ({ backup_id, retention_status })),
      });
      judged += ours.length;
    }
    expect(judged).toBeGreaterThan(100);
  });
});
