import {
  type Backup,
  type BackupType,
  backupType,
  type DamagedBackup,
  isCopied,
} from '../catalogue/backup.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { DamagedLine } from '../catalogue/wal-index.ts';
import type { ServerConfig } from '../config/configuration.ts';
import type { Verdict } from '../retention/evaluate.ts';
import { judgeBackups } from '../retention/judge.ts';
import { sumUpWal, type WalRange, type WalSum, type WalUsage } from './wal-usage.ts';

/** A backup with what the rest of the catalogue says about it. */
export interface ReportedBackup {
  readonly backup: Backup;
  readonly type: BackupType;
  readonly verdict: Verdict;
  readonly wal: WalUsage;
  /** The copied backups before and after it. */
  readonly previous: Backup | undefined;
  readonly next: Backup | undefined;
}

export interface BackupReport {
  /** Sorted by age. */
  readonly backups: readonly ReportedBackup[];
  readonly damagedBackups: readonly DamagedBackup[];
  readonly damagedLines: readonly DamagedLine[];
}

const NO_WAL: WalSum = { files: 0, bytes: 0, first: null, last: null, lastName: null };

/** Everything a listing shows of a server's backups, in one walk through its catalogue. */
export async function reportBackups(
  catalogue: Catalogue,
  { options }: Pick<ServerConfig, 'options'>,
  now: number,
): Promise<BackupReport> {
  const { backups, damaged } = await catalogue.read();
  const copied = backups.filter(isCopied);
  const damagedLines: DamagedLine[] = [];
  const index = await catalogue.walIndex(backups);
  const usage = await sumUpWal(
    copied.flatMap((backup, place) => rangeOf(backup, copied[place + 1])),
    index.entries((line) => damagedLines.push(line)),
  );
  const verdicts = await judgeBackups(catalogue, { options }, backups, now);
  return {
    backups: backups.map((backup) => ({
      backup,
      type: backupType(backup),
      verdict: verdicts.get(backup.id) ?? { status: 'NONE', reason: 'it was not judged' },
      wal: usage.get(backup.id) ?? { during: NO_WAL, after: NO_WAL },
      previous: copied.findLast(({ id }) => id < backup.id),
      next: copied.find(({ id }) => id > backup.id),
    })),
    damagedBackups: damaged,
    damagedLines,
  };
}

function rangeOf({ id, fields }: Backup, next: Backup | undefined): WalRange[] {
  const { begin_wal: begin, end_wal: end } = fields;
  return begin === null || end === null ? [] : [{ id, begin, end, until: next?.fields.end_wal ?? undefined }];
}
