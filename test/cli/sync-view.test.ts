import { describe, expect, it } from 'vitest';
import { newDraft, type SyncDraft } from '../../src/cli/commands/sync-draft.ts';
import { startView } from '../../src/cli/commands/sync-view.ts';
import type { ProgressEvent, SyncEvent } from '../../src/sync/report.ts';
import { fromText } from '../../src/system/byte-string.ts';
import { failure } from '../../src/system/errors.ts';
import { entry, report } from './report.ts';

const PROGRESS: ProgressEvent = {
  type: 'progress',
  scanned: 1,
  scanEnded: true,
  totalFiles: 2,
  totalBytes: 2000,
  files: 1,
  bytes: 1000,
};
const PROBLEM: SyncEvent = {
  type: 'problem',
  path: fromText('gone'),
  error: failure('NOT_FOUND', { path: 'gone' }),
};
const COPIED = entry({ changes: ['created'] });

/** What goes to which stream, in its order. */
function view(facts: Partial<SyncDraft>, terminal: boolean = false) {
  const written: string[] = [];
  const started = startView(
    { ...newDraft(), ...facts },
    {
      stdout: { write: (text) => written.push(`out: ${text}`) },
      stderr: { write: (text) => written.push(`err: ${text}`), isTTY: terminal },
      env: { TERM: 'xterm' },
      signal: new AbortController().signal,
      debug: false,
      status: 0,
    },
    { remoteSource: false, remoteDestination: false },
  );
  return { written, ...started };
}

describe('what a run shows', () => {
  it('asks for no more events than it shows', () => {
    expect(view({}).events).toBe('none');
    expect(view({ verbosity: 1 }).events).toBe('touched');
    expect(view({ itemize: 1 }).events).toBe('touched');
    expect(view({ verbosity: 2 }).events).toBe('all');
    expect(view({ itemize: 2 }).events).toBe('all');
    expect(view({ json: true }).events).toBe('touched');
    expect(view({ verbosity: 2, quiet: true }).events).toBe('none');
  });

  it('tells problems and warnings on standard error', () => {
    const { written, onEvent } = view({});
    onEvent(PROBLEM);
    onEvent({ type: 'warning', message: 'connected again' });
    onEvent(COPIED);
    onEvent(PROGRESS);
    expect(written).toEqual(['err: cellarman: gone does not exist\n', 'err: cellarman: connected again\n']);
  });

  it('keeps problems but not warnings when quiet', () => {
    const { written, onEvent, end } = view({ quiet: true, verbosity: 1, stats: true }, true);
    for (const event of [PROBLEM, COPIED, PROGRESS, { type: 'warning', message: 'x' } as const])
      onEvent(event);
    end(report({}), 0);
    expect(written).toEqual(['err: cellarman: gone does not exist\n']);
  });

  it('keeps names and problems in their order, and off the line of the progress', () => {
    const { written, onEvent, end } = view({ verbosity: 1 }, true);
    onEvent(PROGRESS);
    onEvent(COPIED);
    onEvent(PROBLEM);
    onEvent(PROGRESS);
    end(report({}), 0);
    expect(written).toEqual([
      expect.stringContaining('err: \r 50%'),
      'err: \r\x1b[K',
      'out: x\n',
      'err: cellarman: gone does not exist\n',
      expect.stringContaining('err: \r 50%'),
      'err: \r\x1b[K',
      expect.stringMatching(/^out: \nsent 0 bytes/),
    ]);
  });

  it('shows no progress where it was not wanted', () => {
    for (const facts of [{ progress: false }, { quiet: true }, { json: true }]) {
      const { written, onEvent } = view(facts, true);
      onEvent(PROGRESS);
      expect(written.filter((text) => text.startsWith('err'))).toEqual([]);
    }
  });

  it('sums up what was left undone', () => {
    const { written, end } = view({});
    end(report({ failed: 1, vanished: 2000, removalsSkipped: 3, removalsStopped: true }), 23);
    expect(written).toEqual([
      'err: cellarman: 1 path could not be transferred; 2,000 paths vanished before being read; ' +
        'nothing was deleted because the source could not be read in full; ' +
        '3 deletions left out because of --max-delete\n',
    ]);
  });

  it('clears the progress before the error that ends the run', () => {
    const { written, onEvent, fail } = view({}, true);
    onEvent(PROGRESS);
    fail(failure('ABORTED'));
    expect(written.at(-1)).toBe('err: \r\x1b[K');
  });
});
