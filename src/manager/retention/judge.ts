import { readKeep } from '../catalogue/annotations.ts';
import { type Backup, backupType, statusOf } from '../catalogue/backup.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { ServerConfig } from '../config/configuration.ts';
import { evaluateRetention, type JudgedBackup, type Verdict } from './evaluate.ts';

/** What the policy of a server says of each of its backups. `now`: milliseconds since the epoch. */
export async function judgeBackups(
  catalogue: Pick<Catalogue, 'layout'>,
  { options }: Pick<ServerConfig, 'options'>,
  backups: readonly Backup[],
  now: number,
): Promise<Map<string, Verdict>> {
  const { retention_policy: policy, minimum_redundancy: minimumRedundancy } = options;
  const judged = await Promise.all(backups.map((backup) => judgedBackup(catalogue, backup)));
  return evaluateRetention({ policy, minimumRedundancy }, judged, now);
}

async function judgedBackup({ layout }: Pick<Catalogue, 'layout'>, backup: Backup): Promise<JudgedBackup> {
  const { id, fields } = backup;
  return {
    id,
    status: statusOf(backup),
    parentId: backupType(backup) === 'incremental' ? fields.parent_backup_id : null,
    endTime: fields.end_time === null ? null : fields.end_time.epoch / 1000,
    keep: await readKeep(layout, id),
  };
}
