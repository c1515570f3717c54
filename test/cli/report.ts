import type { EntryEvent, SyncReport } from '../../src/sync/report.ts';
import { fromText } from '../../src/system/byte-string.ts';

const NONE = { file: 0, directory: 0, symlink: 0, fifo: 0, socket: 0, device: 0 };

/** The report of a run that did nothing, but for what is given. */
export function report(facts: Partial<SyncReport>): SyncReport {
  return {
    entries: NONE,
    created: NONE,
    removed: NONE,
    transferredFiles: 0,
    transferredBytes: 0,
    linkedFiles: 0,
    linkedBytes: 0,
    comparedFiles: 0,
    comparedBytes: 0,
    totalBytes: 0,
    vanished: 0,
    failed: 0,
    removalsSkipped: 0,
    removalsStopped: false,
    reconnects: 0,
    scanTime: 0,
    time: 0,
    dryRun: false,
    ...facts,
  };
}

/** A changed file `x`, but for what is given. */
export function entry(facts: Partial<EntryEvent>): EntryEvent {
  return { type: 'entry', action: 'copy', path: fromText('x'), kind: 'file', changes: [], size: 0, ...facts };
}
