import { CellarmanError, type ErrorCode } from '../../system/errors.ts';
import type { BandwidthShare } from '../bandwidth.ts';
import type { EndpointSpec } from '../endpoints/spec.ts';
import type { LaneOptions } from '../lanes/context.ts';
import type { Batch, BatchResult, TaskResult } from '../lanes/task.ts';

/** What a worker thread needs to become a lane. */
export interface LaneSetup {
  readonly sources: readonly EndpointSpec[];
  readonly destination: EndpointSpec;
  readonly options: LaneOptions;
  readonly bandwidth: BandwidthShare | undefined;
  /** Tasks under way at once. */
  readonly concurrency: number;
}

export type ToLane =
  | { readonly type: 'run'; readonly id: number; readonly batch: Batch }
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

export interface PackedResult {
  readonly results: readonly (Omit<TaskResult, 'error'> & { readonly error: PackedError | undefined })[];
  readonly unlinked: readonly {
    readonly name: BatchResult['unlinked'][number]['name'];
    readonly error: PackedError;
  }[];
}

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
  return {
    results: results.map((result) => ({
      ...result,
      error: result.error === undefined ? undefined : packError(result.error),
    })),
    unlinked: unlinked.map(({ name, error }) => ({ name, error: packError(error) })),
  };
}

export function unpackResult({ results, unlinked }: PackedResult): BatchResult {
  return {
    results: results.map((result) => ({
      ...result,
      error: result.error === undefined ? undefined : unpackError(result.error),
    })),
    unlinked: unlinked.map(({ name, error }) => ({ name, error: unpackError(error) })),
  };
}
