import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chart } from './chart.ts';
import { outcomeTable, remarks, verdictTable } from './report.ts';
import type { Result } from './rounds.ts';
import { markdownTable, type Table } from './table.ts';

/** Writes `results.md` and `results.svg`. */
export function writeResults(directory: string, machine: Table, results: readonly Result[]): void {
  const sections = results.map((result) => {
    const runs = Math.max(0, ...result.outcomes.map((outcome) => outcome.runs.length));
    return [
      `## (${result.scenario.names[0]}) ${result.scenario.title}`,
      `Timed runs of each: ${runs}.`,
      markdownTable(outcomeTable(result)),
      ...remarks(result),
    ].join('\n\n');
  });
  const page = [
    '# Results of `npm run bench`',
    `Taken on ${new Date().toISOString().slice(0, 10)}. How they come about: [README.md](README.md).`,
    '![Ratios, and cost against size](results.svg)',
    '## Machine',
    markdownTable(machine),
    '## Targets',
    markdownTable(verdictTable(results)),
    ...sections,
  ];
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'results.md'), `${page.join('\n\n')}\n`);
  writeFileSync(join(directory, 'results.svg'), chart(results));
}
