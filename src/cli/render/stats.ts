import type { Counts, SyncReport } from '../../sync/report.ts';
import { grouped } from './numbers.ts';

/** Which of the two sides are other hosts. */
export interface Direction {
  readonly remoteSource: boolean;
  readonly remoteDestination: boolean;
}

export interface StatsOptions extends Direction {
  /** `--delete` was given. */
  readonly deleting: boolean;
}

/**
 * What `--stats` prints: rsync's lines, with a few of our own for what rsync does not tell. File contents are all that is
 * counted as sent and received; what rsync calls matched data is what was not transferred because a basis held it.
 */
export function renderStats(report: SyncReport, options: StatsOptions): string {
  const lines = [
    `Number of files: ${byKind(report.entries)}`,
    `Number of created files: ${byKind(report.created)}`,
    ...(options.deleting ? [`Number of deleted files: ${byKind(report.removed)}`] : []),
    `Number of regular files transferred: ${grouped(report.transferredFiles)}`,
    `Number of files linked to a basis: ${grouped(report.linkedFiles)}`,
    `Number of files compared by content: ${grouped(report.comparedFiles)}`,
    `Total file size: ${grouped(report.totalBytes)} bytes`,
    `Total transferred file size: ${grouped(report.transferredBytes)} bytes`,
    `Total linked file size: ${grouped(report.linkedBytes)} bytes`,
    `Total compared file size: ${grouped(report.comparedBytes)} bytes`,
    `Literal data: ${grouped(report.transferredBytes)} bytes`,
    `Matched data: ${grouped(report.linkedBytes)} bytes`,
    'File list size: 0',
    `File list generation time: ${grouped(report.scanTime / 1000, 3)} seconds`,
    'File list transfer time: 0.000 seconds',
    `Total bytes sent: ${grouped(traffic(report, options).sent)}`,
    `Total bytes received: ${grouped(traffic(report, options).received)}`,
  ];
  return `\n${lines.join('\n')}\n${renderSummary(report, options)}`;
}

/** The last two lines of a verbose run. */
export function renderSummary(report: SyncReport, direction: Direction): string {
  const { sent, received } = traffic(report, direction);
  const moved = sent + received;
  // Half a second more than was measured, as rsync has it, keeps tiny runs from showing fantastic rates.
  const rate = grouped(moved / (0.5 + report.time / 1000), 2);
  const speedup = grouped(report.totalBytes / Math.max(moved, 1), 2);
  return (
    `\nsent ${grouped(sent)} bytes  received ${grouped(received)} bytes  ${rate} bytes/sec\n` +
    `total size is ${grouped(report.totalBytes)}  speedup is ${speedup}${report.dryRun ? ' (DRY RUN)' : ''}\n`
  );
}

/** Between two local trees all counts as sent, as with rsync. */
function traffic(report: SyncReport, { remoteSource, remoteDestination }: Direction) {
  const received = remoteSource ? report.transferredBytes + report.comparedBytes : 0;
  const sent = remoteDestination || !remoteSource ? report.transferredBytes : 0;
  return { sent, received };
}

function byKind({ file, directory, symlink, device, fifo, socket }: Counts): string {
  const special = fifo + socket;
  const kinds = [
    ['reg', file],
    ['dir', directory],
    ['link', symlink],
    ['dev', device],
    ['special', special],
  ] as const;
  const present = kinds.filter(([, count]) => count > 0).map(([name, count]) => `${name}: ${grouped(count)}`);
  const total = file + directory + symlink + device + special;
  return present.length === 0 ? '0' : `${grouped(total)} (${present.join(', ')})`;
}
