import type { Measured } from './measure.ts';
import { OURS } from './ours.ts';
import type { Outcome, Result } from './rounds.ts';
import type { Target } from './scenario.ts';
import { median } from './statistics.ts';

export interface Summary {
  readonly wallSeconds: number;
  readonly fastest: number;
  readonly slowest: number;
  readonly cpuSeconds: number;
  readonly peakBytes: number;
}

/** Medians of the timed runs; undefined where there are none. */
export function summarize({ runs }: Outcome): Summary | undefined {
  if (runs.length === 0) return undefined;
  const of = (value: (run: Measured) => number): number => median(runs.map(value));
  const walls = runs.map((run) => run.wallSeconds);
  return {
    wallSeconds: of((run) => run.wallSeconds),
    fastest: Math.min(...walls),
    slowest: Math.max(...walls),
    cpuSeconds: of((run) => run.cpuSeconds),
    peakBytes: of((run) => run.peakBytes),
  };
}

function summaryOf(result: Result, name: string): Summary | undefined {
  const outcome = result.outcomes.find((outcome) => outcome.name === name);
  return outcome === undefined ? undefined : summarize(outcome);
}

/** Ours divided by the rival's, medians; undefined where one of them has no numbers. */
export function ratio(result: Result, rival: string): number | undefined {
  const [ours, theirs] = [summaryOf(result, OURS), summaryOf(result, rival)];
  return ours === undefined || theirs === undefined ? undefined : ours.wallSeconds / theirs.wallSeconds;
}

export interface Verdict {
  readonly target: string;
  readonly measured: string;
  /** Undefined: it could not be measured. */
  readonly reached: boolean | undefined;
}

export function judge(result: Result, target: Target): Verdict {
  switch (target.kind) {
    case 'ratio':
      return verdict(`${OURS} / ${target.against}`, ratio(result, target.against), target.atMost, (value) =>
        value.toFixed(2),
      );
    case 'above': {
      const [ours, theirs] = [summaryOf(result, OURS), summaryOf(result, target.against)];
      const above =
        ours === undefined || theirs === undefined
          ? undefined
          : (ours.wallSeconds - theirs.wallSeconds) * 1000;
      return verdict(
        `time above ${target.against}`,
        above,
        target.milliseconds,
        (value) => `${value.toFixed(0)} ms`,
      );
    }
    case 'memory':
      return verdict(
        'peak memory, all processes',
        summaryOf(result, OURS)?.peakBytes,
        target.megabytes * 1e6,
        (value) => `${(value / 1e6).toFixed(0)} MB`,
      );
  }
}

function verdict(
  what: string,
  value: number | undefined,
  atMost: number,
  format: (value: number) => string,
): Verdict {
  return {
    target: `${what} at most ${format(atMost)}`,
    measured: value === undefined ? '–' : format(value),
    reached: value === undefined ? undefined : value <= atMost,
  };
}
