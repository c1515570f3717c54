import { toText } from '../system/byte-string.ts';
import { type CellarmanError, type ErrorCode, failure } from '../system/errors.ts';
import { isRacy } from './clock.ts';
import type { RelPath } from './entry.ts';
import type { TaskResult } from './lanes/task.ts';
import type { RecordedEntry } from './manifest/record.ts';
import type { Fresh, Note } from './note.ts';
import type { Step } from './plan.ts';
import { recorded, recordedAs } from './recorder.ts';
import type { ActionKind } from './report.ts';
import { hashOf } from './task-for.ts';
import type { TransferSetup } from './transfer-setup.ts';

/** Milliseconds by which a file must be older than its reading to be no candidate for a second look, whatever the clocks say. */
const FRESH = 60_000;

/** Turns what lanes report into counts, events and the manifest. */
export class Outcomes {
  readonly #setup: TransferSetup;
  /** Paths that do not stand as they should: no other name can be linked to them. */
  readonly failed = new Set<RelPath>();
  /** Copied soon after they were modified; collected only where the setup asks for it. */
  readonly fresh: Fresh[] = [];
  readonly #problems = new Map<RelPath, ErrorCode>();
  /** What became of files with several names. */
  readonly #leaders = new Map<RelPath, RecordedEntry>();

  constructor(setup: TransferSetup) {
    this.#setup = setup;
  }

  settle(note: Note, result: TaskResult): void {
    const { tally } = this.#setup;
    const { step } = note;
    if (result.comparedBytes > 0 || step.kind === 'compare') {
      tally.report.comparedFiles++;
      tally.report.comparedBytes += result.comparedBytes;
    }
    const restless = this.#setup.restless ?? false;
    if (
      result.error !== undefined &&
      !(restless && result.error.code === 'SHRANK_WHILE_READ' && result.outcome !== 'failed')
    )
      this.problem(note.path, result.error);
    if (result.finding !== undefined) this.#setup.onInspected?.(note.path, result.finding);
    if (result.outcome === 'failed') {
      this.failed.add(note.path);
    } else {
      this.#count(note, result);
      if (result.torn && result.error === undefined && !restless) {
        tally.warning(failure('CHANGED_WHILE_READ', { path: toText(note.path) }).message);
      }
      this.#record(note, result);
    }
    note.listing?.close();
  }

  /** A file was linked to its basis. */
  linked(note: Note): void {
    const { step, listing, index } = note;
    const { tally } = this.#setup;
    if (step.entry.type === 'file') {
      tally.report.linkedFiles++;
      tally.report.linkedBytes += step.entry.size;
    }
    if (step.existing === undefined) tally.report.created[step.entry.type]++;
    this.#tell(note, 'link', step.changes, false);
    listing?.settle(index, recordedAs(step.known, step.entry));
    listing?.close();
  }

  /** A name became (or was) another name of the file that `leader` is a name of. */
  following(note: Note, leader: RelPath, linked: boolean): void {
    const { step, path, listing, index } = note;
    const { tally } = this.#setup;
    const { entry } = step;
    if (linked) {
      if (step.existing === undefined) tally.report.created[entry.type]++;
      tally.entry({
        type: 'entry',
        action: 'link',
        path,
        kind: entry.type,
        changes: step.changes,
        size: entry.size,
        leader,
      });
    }
    const lead = this.#leaders.get(leader);
    listing?.settle(index, recorded(entry, lead?.hash, lead?.racy ?? true));
    listing?.close();
  }

  /** Tells a failure of a path; one that is the same at a second look is told once. */
  problem(path: RelPath, error: CellarmanError): void {
    if (this.#problems.get(path) === error.code) return;
    this.#problems.set(path, error.code);
    this.#setup.tally.problem(path, error);
  }

  #count(note: Note, { outcome }: TaskResult): void {
    const { step } = note;
    const { report } = this.#setup.tally;
    const { entry, existing } = step;
    if (existing === undefined && outcome !== 'kept') report.created[entry.type]++;
    switch (outcome) {
      case 'copied':
        report.transferredFiles++;
        report.transferredBytes += entry.size;
        this.#setup.tally.settled();
        this.#tell(note, 'copy', step.changes, false);
        break;
      case 'reused':
        this.#tell(note, 'copy', step.changes, true);
        break;
      case 'linked':
        if (entry.type === 'file') {
          report.linkedFiles++;
          report.linkedBytes += entry.size;
        }
        this.#tell(note, 'link', step.changes, false);
        break;
      case 'made': {
        const action = entry.type === 'symlink' ? 'symlink' : 'attributes';
        const changes = step.changes.filter((change) => change !== 'content');
        this.#tell(note, action, changes, false);
        break;
      }
      default:
    }
  }

  #record(note: Note, result: TaskResult): void {
    const { step, listing, index } = note;
    const { onFile, clock } = this.#setup;
    const entry = result.entry ?? step.entry;
    const hash =
      result.hash ??
      (result.outcome === 'kept' || result.outcome === 'made' ? hashOf(step.known) : undefined);
    const known = step.known !== undefined && 'racy' in step.known && step.known.racy;
    const racy =
      entry.type === 'file' &&
      (result.torn || (result.readAt > 0 ? isRacy(entry, result.readAt, clock) : known));
    const record = recorded(entry, hash, racy);
    listing?.settle(index, record);
    if (this.#setup.hardLinks && (entry.identity?.links ?? 1) > 1) this.#leaders.set(note.path, record);
    if (result.outcome !== 'copied') return;
    onFile?.(note.directory, record);
    if (this.#setup.settle !== undefined && entry.mtime >= (result.readAt - FRESH) * 1000) {
      this.fresh.push({ note, entry, hash, readAt: result.readAt });
    }
  }

  #tell(note: Note, action: ActionKind, changes: Step['changes'], fromBasis: boolean): void {
    const { tally } = this.#setup;
    // Nobody asks for them, and they are many.
    if (tally.detail === 'none' || (tally.detail === 'touched' && action === 'link')) return;
    const { entry } = note.step;
    tally.entry({
      type: 'entry',
      action,
      path: note.path,
      kind: entry.type,
      changes,
      size: entry.size,
      target: entry.target,
      fromBasis,
    });
  }
}
