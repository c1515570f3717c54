import { CellarmanError, type ErrorCode } from '../../system/errors.ts';
import type { BandwidthShare } from '../bandwidth.ts';
import type { EndpointSpec } from '../endpoints/spec.ts';
import type { LaneOptions } from '../lanes/context.ts';
import type { InspectionSpec } from '../lanes/inspection.ts';
import type { BatchResult, TaskResult } from '../lanes/task.ts';
import type { PackedBatch } from './packed-batch.ts';

/** What a worker thread needs to become a lane. */
export interface LaneSetup {
  readonly sources: readonly EndpointSpec[];
  readonly destination: EndpointSpec;
  readonly options: LaneOptions;
  readonly inspection: InspectionSpec | undefined;
  readonly bandwidth: BandwidthShare | undefined;
  /** Tasks under way at once. */
  readonly concurrency: number;
}

export type ToLane =
  | { readonly type: 'run'; readonly id: number; readonly batch: PackedBatch }
  | { readonly type: 'abort' }
  | { readonly type: 'close' };

export type FromLane =
  | { readonly type: 'done'; readonly id: number; readonly result: PackedResult }
  | { readonly type: 'failed'; readonly id: number; readonly error: PackedError }
  | { readonly type: 'bytes'; readonly count: number }
  | { readonly type: 'lost'; readonly error: PackedError };

/** An error as structured cloning carries it: classes do not survive the way to another thread. */
export interface PackedError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly facts: Readonly<Record<string, string | number>>;
  readonly stack: string | undefined;
}

/**
 * Results by column: cloning an object for every file would cost more than the file. What is the same for nearly all
 * results stands in `others` for those only for which it is not.
 */
export interface PackedResult {
  readonly outcomes: readonly TaskResult['outcome'][];
  readonly hashes: readonly (string | undefined)[];
  readonly readAt: readonly number[];
  readonly comparedBytes: readonly number[];
  /** Undefined where there are none at all. */
  readonly findings: readonly unknown[] | undefined;
  readonly others: readonly PackedOther[];
  readonly unlinked: readonly {
    readonly name: BatchResult['unlinked'][number]['name'];
    readonly error: PackedError;
  }[];
}

type PackedOther = Pick<TaskResult, 'entry' | 'torn'> & {
  readonly index: number;
  readonly error: PackedError | undefined;
};

export function packError(error: unknown): PackedError {
  if (error instanceof CellarmanError) {
    return { code: error.code, message: error.message, facts: error.facts, stack: error.stack };
  }
  const detail = error instanceof Error ? error.message : String(error);
  const stack = error instanceof Error ? error.stack : undefined;
  return { code: 'INTERNAL', message: `internal error: ${detail}`, facts: { detail }, stack };
}

export function unpackError({ code, message, facts, stack }: PackedError): CellarmanError {
  const error = new CellarmanError(code, message, facts);
  if (stack !== undefined) error.stack = stack;
  return error;
}

export function packResult({ results, unlinked }: BatchResult): PackedResult {
  const others: PackedOther[] = [];
  for (const [index, { entry, torn, error }] of results.entries()) {
    if (entry === undefined && !torn && error === undefined) continue;
    others.push({
      index,
      entry,
      torn,
      error: error === undefined ? undefined : packError(error),
    });
  }
  return {
    outcomes: results.map(({ outcome }) => outcome),
    hashes: results.map(({ hash }) => hash),
    readAt: results.map(({ readAt }) => readAt),
    comparedBytes: results.map(({ comparedBytes }) => comparedBytes),
    findings: results.some(({ finding }) => finding !== undefined)
      ? results.map(({ finding }) => finding)
      : undefined,
    others,
    unlinked: unlinked.map(({ name, error }) => ({ name, error: packError(error) })),
  };
}

export function unpackResult(packed: PackedResult): BatchResult {
  const { outcomes, hashes, readAt, comparedBytes, findings, others, unlinked } = packed;
  const byIndex = new Map(others.map((other) => [other.index, other]));
  return {
    results: outcomes.map((outcome, i) => {
      const other = byIndex.get(i);
      return {
        outcome,
        hash: hashes[i],
        readAt: readAt[i] ?? 0,
        finding: findings?.[i],
        entry: other?.entry,
        torn: other?.torn ?? false,
        comparedBytes: comparedBytes[i] ?? 0,
        error: other?.error === undefined ? undefined : unpackError(other.error),
      };
    }),
    unlinked: unlinked.map(({ name, error }) => ({ name, error: unpackError(error) })),
  };
}
