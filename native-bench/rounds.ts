import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench } from './bench.ts';
import { stopIfInterrupted } from './interruption.ts';
import { failureText, type Measured, measure } from './measure.ts';
import { OURS, profiled } from './ours.ts';
import type { Contestant, PresentContestant, Scenario } from './scenario.ts';

export interface Outcome {
  readonly name: string;
  /** Why there are no numbers: absent, failed, or a result that is not right. */
  readonly problem?: string;
  /** The timed runs, in order. */
  readonly runs: readonly Measured[];
}

export interface Result {
  readonly scenario: Scenario;
  readonly outcomes: readonly Outcome[];
  readonly notes: readonly string[];
}

export interface RoundOptions {
  readonly rounds: number;
  /** Only this program takes part, and its timed runs write CPU profiles into this directory. */
  readonly profile: string | undefined;
  /** Told before each run. */
  readonly onRun: (contestant: string, round: number) => void;
}

/**
 * One scenario: everybody once untimed, with the result checked, then the timed rounds. All take part in every round, in
 * an order that is turned round each time, so that a change of the machine's mood hits all alike and nobody always has
 * the same one before him. The results of the last round are checked again.
 */
export async function runScenario(bench: Bench, scenario: Scenario, options: RoundOptions): Promise<Result> {
  const directory = join(bench.work, 'scenarios', scenario.names[0]);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  try {
    const trial = await scenario.prepare(bench, directory);
    const racers = trial.contestants
      .filter(({ name }) => options.profile === undefined || name === OURS)
      .map((contestant) => new Racer(contestant));
    for (const racer of racers) {
      stopIfInterrupted();
      await racer.prepare();
    }
    if (scenario.makesManyFiles) await bench.inodes.settled();
    for (let round = 0; round <= options.rounds; round++) {
      trial.beforeRound?.(round);
      for (const racer of round % 2 === 0 ? racers : racers.toReversed()) {
        if (racer.out) continue;
        stopIfInterrupted();
        options.onRun(racer.name, round);
        await racer.run(bench, round, options);
      }
    }
    return { scenario, outcomes: racers.map((racer) => racer.outcome), notes: trial.notes ?? [] };
  } finally {
    bench.inodes.remove(directory);
  }
}

class Racer {
  readonly name: string;
  readonly #contestant: PresentContestant | undefined;
  readonly #runs: Measured[] = [];
  #problem: string | undefined;

  constructor(contestant: Contestant) {
    this.name = contestant.name;
    if (contestant.absent === undefined) this.#contestant = contestant;
    else this.#problem = `absent: ${contestant.absent}`;
  }

  get out(): boolean {
    return this.#problem !== undefined;
  }

  get outcome(): Outcome {
    const { name } = this;
    return this.#problem === undefined
      ? { name, runs: this.#runs }
      : { name, problem: this.#problem, runs: [] };
  }

  async prepare(): Promise<void> {
    await this.#guard('preparation', async () => {
      await this.#contestant?.prepare?.();
    });
  }

  async run(bench: Bench, round: number, { rounds, profile }: RoundOptions): Promise<void> {
    await this.#guard('failed', async () => {
      if (this.#contestant === undefined) return;
      await this.#contestant.reset?.();
      writeBack();
      const plain = this.#contestant.command();
      const command = profile === undefined || round === 0 ? plain : profiled(plain, profile);
      const measured = await measure(command, bench.sshd.pid);
      if (measured.status !== 0) throw new Error(failureText(measured.status, measured.stderr));
      const wrong = round === 0 || round === rounds ? await this.#contestant.check() : [];
      if (wrong.length > 0) throw new Error(`wrong result: ${wrong.join('; ')}`);
      if (round > 0) this.#runs.push(measured);
    });
  }

  async #guard(stage: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#problem = `${stage}: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
}

/** Nobody shall pay for writing what the one before left in memory. The cache itself stays: it is warm for all. */
function writeBack(): void {
  spawnSync('sync');
}
