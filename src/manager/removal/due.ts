import { isBeingDeleted } from '../catalogue/annotations.ts';
import type { Backup } from '../catalogue/backup.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { ServerConfig } from '../config/configuration.ts';
import { judgeBackups } from '../retention/judge.ts';

export interface DueBackup {
  readonly backup: Backup;
  /** For people, a clause that goes after "because". */
  readonly reason: string;
}

/** The backups that have to go: those whose removal began, and those the policy does not ask for. Oldest first. */
export async function dueForRemoval(
  catalogue: Catalogue,
  server: Pick<ServerConfig, 'options'>,
  now: number,
): Promise<DueBackup[]> {
  const { backups } = await catalogue.read();
  const verdicts = await judgeBackups(catalogue, server, backups, now);
  const due: DueBackup[] = [];
  for (const backup of backups) {
    const verdict = verdicts.get(backup.id);
    if (await isBeingDeleted(catalogue.layout, backup.id)) {
      due.push({ backup, reason: 'its removal was not finished' });
    } else if (verdict?.status === 'OBSOLETE') due.push({ backup, reason: verdict.reason });
  }
  return due;
}
