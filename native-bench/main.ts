import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Arguments, parseArguments, select, USAGE } from './arguments.ts';
import { setUp } from './bench.ts';
import { stopIfInterrupted, watchSignals } from './interruption.ts';
import { describeMachine } from './machine.ts';
import { outcomeTable, remarks, verdictTable } from './report.ts';
import { writeResults } from './results.ts';
import { type Result, runScenario } from './rounds.ts';
import { FULL, QUICK } from './scale.ts';
import { scenarios } from './scenarios/index.ts';
import { plainTable } from './table.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));

async function main(args: Arguments): Promise<void> {
  const scale = args.quick ? QUICK : FULL;
  const selected = select(scenarios(scale), args.only);
  const profile = args.profile === undefined ? undefined : resolve(args.profile);
  watchSignals();
  await using bench = await setUp({
    keep: args.keep,
    ...(args.work === undefined ? {} : { work: resolve(args.work) }),
  });
  stopIfInterrupted();
  const machine = describeMachine(bench);
  print(`${plainTable(machine.slice(1))}\n`);

  const results: Result[] = [];
  for (const scenario of selected) {
    print(`\n(${scenario.names[0]}) ${scenario.title}`);
    const rounds = args.rounds ?? (profile !== undefined ? 1 : Math.min(scenario.rounds, scale.rounds));
    const result = await runScenario(bench, scenario, { rounds, profile, onRun: showRun });
    showRun('', 0);
    results.push(result);
    print(plainTable(outcomeTable(result)));
    for (const remark of remarks(result)) print(remark);
  }
  if (profile !== undefined) return print(`\nCPU profiles are in ${profile}`);

  print(`\n${plainTable(verdictTable(results))}`);
  const complete = !args.quick && args.only.length === 0;
  const out = args.out ?? (complete ? HERE : undefined);
  if (out === undefined) return;
  writeResults(out, machine, results);
  print(`\nwrote ${out}`);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** One line that is written over; nothing where nobody watches. */
function showRun(contestant: string, round: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${contestant && `round ${round}: ${contestant}`}`);
}

try {
  const args = parseArguments(process.argv.slice(2));
  if (args === undefined) print(USAGE);
  else await main(args);
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
