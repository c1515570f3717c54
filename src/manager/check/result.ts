import { isFailure } from '../../system/errors.ts';

/** One line of `check`. */
export interface CheckResult {
  /** Barman's words where it has the same check: monitoring looks for them. */
  readonly name: string;
  readonly passed: boolean;
  /** What was found; where the check failed, what to do. Empty where there is nothing to say. */
  readonly hint: string;
  /** Sentences below the line. */
  readonly details?: readonly string[];
  /** A number for the curves of monitoring, bytes: of the last backup, or of the WAL since. */
  readonly measured?: { readonly what: 'backup' | 'wal'; readonly bytes: number };
}

/** `PostgreSQL: FAILED (why)` */
export function resultLine({ name, passed, hint }: CheckResult): string {
  return `${name}: ${passed ? 'OK' : 'FAILED'}${hint === '' ? '' : ` (${hint})`}`;
}

export type CheckResults = AsyncGenerator<CheckResult, void, void>;

export const passed = (name: string, hint = ''): CheckResult => ({ name, passed: true, hint });
export const failed = (name: string, hint = ''): CheckResult => ({ name, passed: false, hint });
export const result = (name: string, ok: boolean, hint = '', remedy = hint): CheckResult =>
  ok ? passed(name, hint) : failed(name, remedy);

/** Turns what a group of checks throws into a failed check of that name: all others go on. */
export async function* guarded(name: string, checks: AsyncIterable<CheckResult>): CheckResults {
  try {
    yield* checks;
  } catch (error) {
    if (!isFailure(error) || isFailure(error, 'ABORTED')) throw error;
    yield failed(name, error.message);
  }
}
