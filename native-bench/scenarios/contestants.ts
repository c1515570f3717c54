import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench } from '../bench.ts';
import { compareTrees, type Depth } from '../compare.ts';
import type { Command } from '../measure.ts';
import type { PresentContestant } from '../scenario.ts';
import type { Remote } from '../sshd.ts';

/** Somebody who makes a tree anew in every run; the tree has to equal the source. */
export function treeMaker(
  name: string,
  directory: string,
  source: string,
  command: (destination: string) => Command,
  expected: { readonly depth?: Depth; readonly linked?: number } = {},
): PresentContestant {
  const destination = join(directory, name.replaceAll(/[^a-z0-9]+/g, '-'));
  return {
    name,
    reset: () => rmSync(destination, { recursive: true, force: true }),
    command: () => command(destination),
    check: () => checkTree(source, destination, expected),
  };
}

export function checkTree(
  source: string,
  destination: string,
  expected: { readonly depth?: Depth; readonly linked?: number },
): readonly string[] {
  const { problems, linked } = compareTrees(source, destination, expected.depth);
  if (problems.length > 0 || expected.linked === undefined || linked === expected.linked) return problems;
  return [`${linked} files are hard links instead of ${expected.linked}`];
}

/** The server of a scenario, and what a reader has to know of the way there. */
export async function reach(
  bench: Bench,
  distant: boolean,
): Promise<{ readonly remote: Remote; readonly notes: readonly string[] }> {
  if (!distant) return { remote: bench.remote, notes: [] };
  const remote = await bench.distant();
  return { remote, notes: [`Round trip as measured: ${remote.roundTrip.toFixed(1)} ms.`] };
}
