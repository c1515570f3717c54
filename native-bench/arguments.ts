import { parseArgs } from 'node:util';
import type { Scenario } from './scenario.ts';

export interface Arguments {
  readonly only: readonly string[];
  readonly quick: boolean;
  readonly rounds?: number;
  readonly keep: boolean;
  readonly work?: string;
  readonly out?: string;
  readonly profile?: string;
}

export const USAGE = `usage: npm run bench -- [options]
  --only NAME     this scenario or group (a, e, l-1000 ...); may be given several times
  --quick         small trees, two rounds: to see that everything runs
  --rounds N      timed rounds of every scenario
  --work DIR      where the trees are made (default: below the system's directory for temporary files)
  --keep          leave the trees there, for the next run with the same --work
  --out DIR       write results.md and results.svg there (default: native-bench, for a run of everything)
  --profile DIR   run this program alone and have it write CPU profiles there
  --help`;

/** Throws where the user's words are not understood; undefined: help is wanted. */
export function parseArguments(argv: readonly string[]): Arguments | undefined {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      only: { type: 'string', multiple: true },
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      keep: { type: 'boolean', default: false },
      work: { type: 'string' },
      out: { type: 'string' },
      profile: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const { only = [], rounds, help, ...rest } = values;
  if (help) return undefined;
  if (rounds === undefined) return { ...rest, only };
  if (!/^[1-9]\d*$/.test(rounds)) throw new Error(`--rounds takes a number of at least 1, not "${rounds}"`);
  return { ...rest, only, rounds: Number(rounds) };
}

/** Those that `--only` names; all where it names none. Throws for a name that nobody has. */
export function select(all: readonly Scenario[], only: readonly string[]): readonly Scenario[] {
  const answers = (scenario: Scenario, wanted: string): boolean =>
    scenario.names.some((name) => name === wanted || name.startsWith(`${wanted}-`));
  const unknown = only.filter((wanted) => !all.some((scenario) => answers(scenario, wanted)));
  if (unknown.length > 0) {
    const known = all.map((scenario) => scenario.names[0]).join(', ');
    throw new Error(`there is no scenario ${unknown.join(', ')}; there are ${known}`);
  }
  if (only.length === 0) return all;
  return all.filter((scenario) => only.some((wanted) => answers(scenario, wanted)));
}
