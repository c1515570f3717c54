import type { CheckName, CheckOutcome, VerificationFinding } from './result.ts';

/** So many are kept; all are counted. */
const MOST_KEPT = 1000;

/** Collects what the checks of a verification say. */
export class Findings {
  readonly kept: VerificationFinding[] = [];
  readonly checks: CheckOutcome[] = [];
  readonly #onFinding: (finding: VerificationFinding) => void;
  readonly #counts = new Map<CheckName, number>();

  constructor(onFinding: (finding: VerificationFinding) => void) {
    this.#onFinding = onFinding;
  }

  add(check: CheckName, path: string | null, detail: string): void {
    const finding = { check, path, detail };
    this.#counts.set(check, (this.#counts.get(check) ?? 0) + 1);
    if (this.kept.length < MOST_KEPT) this.kept.push(finding);
    this.#onFinding(finding);
  }

  /** A check came to its end; it passed when nothing was found by it. */
  end(check: CheckName, detail: string): void {
    const outcome = (this.#counts.get(check) ?? 0) === 0 ? 'passed' : 'failed';
    this.checks.push({ check, outcome, detail });
  }

  /** What was found nevertheless outweighs that the check could not be made. */
  skip(check: CheckName, why: string): void {
    const outcome = (this.#counts.get(check) ?? 0) === 0 ? 'skipped' : 'failed';
    this.checks.push({ check, outcome, detail: why });
  }

  get count(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }
}
