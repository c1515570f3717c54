import { OURS } from './ours.ts';
import type { Result } from './rounds.ts';
import type { Table } from './table.ts';
import { judge, ratio, summarize } from './verdict.ts';

/** A row for each who took part: medians, and our median divided by his. */
export function outcomeTable(result: Result): Table {
  const rows = result.outcomes.map((outcome) => {
    const summary = summarize(outcome);
    if (summary === undefined) return [outcome.name, 'none', '', '', '', ''];
    const ours = outcome.name === OURS ? undefined : ratio(result, outcome.name);
    return [
      outcome.name,
      seconds(summary.wallSeconds),
      `${seconds(summary.fastest)}–${seconds(summary.slowest)}`,
      summary.cpuSeconds.toFixed(2),
      (summary.peakBytes / 1e6).toFixed(0),
      ours === undefined ? '' : ours.toFixed(2),
    ];
  });
  return [['', 'median s', 'range s', 'CPU s', 'peak MB', `${OURS} / this`], ...rows];
}

/** Why somebody has no numbers, and what else a reader has to know. */
export function remarks(result: Result): readonly string[] {
  const problems = result.outcomes.flatMap(({ name, problem }) =>
    problem === undefined ? [] : [`${name}: ${problem}.`],
  );
  return [...problems, ...result.notes];
}

export function verdictTable(results: readonly Result[]): Table {
  const rows = results.flatMap((result) =>
    result.scenario.targets.map((target) => {
      const { target: text, measured, reached } = judge(result, target);
      const mark = reached === undefined ? 'not measured' : reached ? 'reached' : 'MISSED';
      return [`(${result.scenario.names[0]}) ${text}`, measured, mark];
    }),
  );
  return [['target', 'measured', ''], ...rows];
}

function seconds(value: number): string {
  return value.toFixed(value < 1 ? 3 : 2);
}
