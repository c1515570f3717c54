import type { SyncReport } from '../../sync/report.ts';
import type { CopyStatistics } from '../catalogue/field.ts';
import type { Moment } from '../catalogue/moment.ts';

/** A moment of the server's clock (microseconds since the epoch), told in this host's time. */
export function momentAt(epoch: number): Moment {
  return { epoch, offset: -new Date(epoch / 1000).getTimezoneOffset() };
}

/** What Barman keeps of a copy, in seconds. Everything is copied at once here, so that no part has a time of its own. */
export function statistics({ scanTime, time }: SyncReport, jobs: number): CopyStatistics {
  const seconds = time / 1000;
  return new Map<string, number | ReadonlyMap<string, number>>([
    ['total_time', seconds],
    ['number_of_workers', jobs],
    ['analysis_time', scanTime / 1000],
    ['analysis_time_per_item', new Map([['pgdata', scanTime / 1000]])],
    ['copy_time', seconds],
    ['copy_time_per_item', new Map([['pgdata', seconds]])],
    ['serialized_copy_time', seconds],
    ['serialized_copy_time_per_item', new Map([['pgdata', seconds]])],
  ]);
}
