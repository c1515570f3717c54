import type { RestoreEvent } from '../../manager/restore/events.ts';
import type { Restored } from '../../manager/restore/options.ts';
import type { RestorePlan } from '../../manager/restore/plan-restore.ts';
import { describeTarget, formatTime } from '../../manager/restore/unreachable.ts';
import { formatLsn } from '../../postgres/lsn.ts';
import { historyFileName } from '../../postgres/wal-file-name.ts';
import { toText } from '../../system/byte-string.ts';
import type { Context } from '../context.ts';
import type { Messages } from './messages.ts';
import { prettySize } from './pretty.ts';
import { canShowProgress, ProgressLine } from './progress.ts';

const STEPS = {
  resume: 'Going on with the restore that was interrupted.',
  delta: 'Making the existing data directory equal to the backup.',
  wal: 'Copying required WAL segments.',
  base: 'Copying the base backup.',
  configuration: 'Identify dangerous settings in destination directory.',
  flush: 'Waiting until everything is on the disk.',
} as const;

/** Tells what happens, in Barman's words where it has any. */
export function restoreTeller(messages: Messages, { stderr, env }: Context, quiet: boolean) {
  const line =
    !quiet && messages.format === 'console' && canShowProgress(stderr, env)
      ? new ProgressLine(stderr)
      : undefined;
  return (event: RestoreEvent): void => {
    if (event.type === 'progress') {
      line?.update(event.progress);
      return;
    }
    line?.clear();
    const text = sentence(event);
    if (event.type === 'step') messages.info(text);
    else messages.warning(text);
  };
}

function sentence(event: Exclude<RestoreEvent, { readonly type: 'progress' }>): string {
  switch (event.type) {
    case 'step':
      return STEPS[event.step];
    case 'warning':
      return event.message;
    case 'damaged':
      return `${toText(event.path)} is damaged in this backup`;
    case 'repaired': {
      const { path, from } = event.repaired;
      return `${toText(path)} was taken from backup ${from}, which holds the same content`;
    }
  }
}

/** What a restore will do, line by line. */
export function describePlan(plan: RestorePlan): string[] {
  const { request, examined, wal, walBytes, baseBytes, free, tablespaces, hasManifest, place, standing } =
    plan;
  const { lineage, segments, histories, stop } = wal;
  const [first] = segments;
  const last = segments.at(-1);
  const { fields, id } = examined.backup;
  return [
    `Backup: ${id} of PostgreSQL ${examined.control.major}, consistent at ${fields.end_xlog} on timeline ${examined.span.timeline}`,
    `Recovery target: ${describeTarget(request.target)}${request.exclusive ? ', exclusive' : ''}, along timeline ${lineage.timeline}`,
    ...(stop.lsn === undefined ? [] : [`Recovery stops at: ${formatLsn(stop.lsn)}`]),
    ...(stop.lastCommit === undefined
      ? []
      : [`Last transaction: ${stop.lastCommit.transaction}, committed ${formatTime(stop.lastCommit)}`]),
    `WAL: ${segments.length} segments, ${first?.name} to ${last?.name}${histories.length > 0 ? `, and ${histories.map(historyFileName).join(', ')}` : ''}`,
    `Bytes: ${baseBytes === undefined ? 'the backup' : prettySize(baseBytes)}, and ${prettySize(walBytes)} of WAL${free === undefined ? '' : `; ${prettySize(free)} are free at the destination`}`,
    `Destination: ${toText(place.path)}${{ nothing: '', unfinished: ' (an interrupted restore is gone on with)', other: ' (made equal to the backup)' }[standing.kind]}`,
    ...tablespaces.map(
      ({ name, oid, place: { path } }) => `Tablespace: ${name} (oid ${oid}) in ${toText(path)}`,
    ),
    hasManifest
      ? 'Content is compared with the manifest of the backup.'
      : 'The backup has no manifest: its content cannot be compared with what was backed up.',
  ];
}

/** The end of a restore, in Barman's form. */
export function tellRestored({ changes, warnings, missing }: Restored, messages: Messages): void {
  const lineOf = ({ file, line, name, value }: (typeof changes)[number]): string =>
    `${file} line ${line}: ${name} = ${value}`;
  if (changes.length > 0) {
    messages.info('');
    messages.info('IMPORTANT');
    messages.info('These settings have been modified to prevent data losses');
    messages.info('');
    for (const change of changes) messages.info(lineOf(change));
  }
  if (warnings.length > 0) {
    messages.info('');
    messages.info('WARNING');
    messages.info('You are required to review the following options as potentially dangerous');
    messages.info('');
    for (const warning of warnings) messages.info(lineOf(warning));
  }
  if (missing.length > 0) {
    messages.info('');
    messages.info('WARNING');
    messages.info(
      'The following configuration files have not been saved during backup, hence they have not been restored.',
    );
    messages.info('You need to manually restore them in order to start the restored PostgreSQL instance:');
    messages.info('');
    for (const name of missing) messages.info(`    ${name}`);
  }
  messages.info('');
}
