import type { Bench } from './bench.ts';
import type { Command } from './measure.ts';

/** One of those who do the work of a scenario: this program or a rival. */
export type Contestant = AbsentContestant | PresentContestant;

export interface AbsentContestant {
  readonly name: string;
  /** Why it cannot take part; shown in the table. */
  readonly absent: string;
}

export interface PresentContestant {
  readonly name: string;
  readonly absent?: never;
  /** Once, before the first round: brings about the state that the work starts from. */
  prepare?(): Promise<void>;
  /** Before each run, untimed: brings about the state that the run starts from. */
  reset?(): void | Promise<void>;
  command(): Command;
  /** After a run: what is wrong with its result, nothing if it is right. */
  check(): readonly string[] | Promise<readonly string[]>;
}

/** What issue and README promise: a bound on the median of this program. */
export type Target =
  | { readonly kind: 'ratio'; readonly against: string; readonly atMost: number }
  | { readonly kind: 'above'; readonly against: string; readonly milliseconds: number }
  | { readonly kind: 'memory'; readonly megabytes: number };

export interface Trial {
  /** Before anybody's run of this round, untimed; round 0 is the checked warm-up. */
  beforeRound?(round: number): void;
  readonly contestants: readonly Contestant[];
  /** Facts about this trial that a reader of the numbers needs. */
  readonly notes?: readonly string[];
}

export interface Scenario {
  /** The first is shown; `--only` takes any of them, or the letters before the dash. */
  readonly names: readonly [string, ...string[]];
  readonly title: string;
  /** Timed rounds where the user asks for no number. */
  readonly rounds: number;
  readonly targets: readonly Target[];
  /** Its runs suffer where very many files have just been removed. */
  readonly makesManyFiles?: boolean;
  /** `directory` is empty, exists for this scenario alone, and is removed after it. */
  prepare(bench: Bench, directory: string): Promise<Trial>;
}
