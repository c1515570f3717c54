import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { momentAt } from '../../manager/backup/description.ts';
import { formatMoment } from '../../manager/catalogue/moment.ts';
import type { ServerConfig } from '../../manager/config/configuration.ts';
import type { Restored } from '../../manager/restore/options.ts';
import type { RestorePlan } from '../../manager/restore/plan-restore.ts';
import { shellWord } from '../../manager/restore/recovery-settings.ts';
import { describeTarget, formatTime } from '../../manager/restore/unreachable.ts';
import { toText } from '../../system/byte-string.ts';
import { prettyDuration } from '../../system/quantities.ts';
import type { Messages } from './messages.ts';
import { tellRestored } from './restore.ts';

export function planJson({ request, examined, wal, walBytes, baseBytes }: RestorePlan) {
  return {
    backup_id: examined.backup.id,
    target: describeTarget(request.target),
    timeline: wal.lineage.timeline,
    first_segment: wal.segments[0]?.name ?? null,
    last_segment: wal.segments.at(-1)?.name ?? null,
    segments: wal.segments.length,
    wal_bytes: walBytes,
    base_bytes: baseBytes ?? null,
    last_transaction: wal.stop.lastCommit?.transaction ?? null,
    last_transaction_time: wal.stop.lastCommit === undefined ? null : formatTime(wal.stop.lastCommit),
  };
}

/** The end of a restore: what was restored, up to where, and how to start it. */
export function tellResult(
  plan: RestorePlan,
  restored: Restored,
  began: Date,
  server: Pick<ServerConfig, 'options'>,
  isRemote: boolean,
  messages: Messages,
): void {
  const { changes, warnings, missing } = restored;
  const seconds = (Date.now() - began.getTime()) / 1000;
  const start = formatMoment(momentAt(began.getTime() * 1000));
  const rows = (notes: typeof changes) =>
    notes.map(({ file, line, name, value }) => [file, line, name, value]);
  messages.result('changes_count', changes.length);
  messages.result('changes', rows(changes));
  messages.result('warnings_count', warnings.length);
  messages.result('warnings', rows(warnings));
  messages.result('missing_files', [...missing]);
  messages.result('recovery_start_time', start);
  messages.result('recovery_start_time_timestamp', String(Math.floor(began.getTime() / 1000)));
  messages.result('recovery_elapsed_time', prettyDuration(seconds));
  messages.result('recovery_elapsed_time_seconds', seconds);
  messages.result('transferred_files', restored.transferredFiles);
  messages.result('transferred_bytes', restored.transferredBytes);
  const command = startCommand(plan, server, isRemote);
  messages.result('start_command', command);
  tellRestored(restored, messages);
  messages.info(
    `Restore operation completed (start time: ${start}, elapsed time: ${prettyDuration(seconds)})`,
  );
  messages.info(`Restored: ${reach(plan)}`);
  messages.info('Your PostgreSQL server has been successfully prepared for recovery!');
  if (restored.pauses) {
    messages.info(
      'At the target the server pauses and can be read; SELECT pg_wal_replay_resume() opens it for writing.',
    );
  }
  messages.info(`Start PostgreSQL ${plan.examined.control.major} as the owner of its files: ${command}`);
}

/** How far recovery goes from what was restored. WAL that is fetched only then may be more than there is now. */
function reach({ request: { target, getWal }, examined, wal: { stop, lineage } }: RestorePlan): string {
  const backup = `backup ${examined.backup.id}`;
  const timeline = `on timeline ${lineage.timeline}`;
  const last =
    stop.lastCommit === undefined
      ? undefined
      : `${stop.lastCommit.transaction}, committed ${formatTime(stop.lastCommit)}`;
  if (!getWal) {
    const until = last === undefined ? '' : `; the last transaction in it is ${last}`;
    return `${backup} up to ${describeTarget(target)} ${timeline}${until}`;
  }
  const end = target.kind === 'end' ? 'the end of what is archived by then' : describeTarget(target);
  const soFar = last === undefined ? '' : `; the last transaction so far is ${last}`;
  return `${backup} ${timeline}; the server fetches WAL itself while it recovers, up to ${end}${soFar}`;
}

function startCommand(
  { examined, place }: RestorePlan,
  { options }: Pick<ServerConfig, 'options'>,
  isRemote: boolean,
): string {
  const { major } = examined.control;
  const usual = [
    ...(options.path_prefix?.split(':') ?? []),
    `/usr/lib/postgresql/${major}/bin`,
    `/usr/pgsql-${major}/bin`,
  ].map((directory) => join(directory, 'pg_ctl'));
  const program = isRemote ? undefined : usual.find((path) => existsSync(path));
  return `${shellWord(program ?? 'pg_ctl')} -D ${shellWord(toText(place.path))} start`;
}
