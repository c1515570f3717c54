import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench } from '../bench.ts';
import { compareTrees, type Depth } from '../compare.ts';
import type { Command } from '../measure.ts';
import type { PresentContestant } from '../scenario.ts';
import type { Remote } from '../sshd.ts';

/** A contestant's name as part of a path. */
export function slug(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9]+/g, '-');
}

/**
 * A place for what one makes in each run, a new one after `next`. What the runs before have made stays until the end
 * of the scenario: ext4 looks for a minute at the inodes of removed files before it gives them out again, and whoever
 * makes files in that time may take twice as long.
 */
export function freshPlace(
  directory: string,
  name: string,
): { readonly path: () => string; readonly next: () => void } {
  let run = 0;
  return {
    path: () => join(directory, `${slug(name)}-${run}`),
    next: () => {
      run++;
    },
  };
}

interface Expected {
  readonly depth?: Depth;
  readonly linked?: number;
}

/**
 * Somebody who makes a tree anew in every run; the tree has to equal the source. `removes`: not beside the one of the
 * run before, for trees of few large files.
 */
export function treeMaker(
  name: string,
  directory: string,
  source: string,
  command: (destination: string) => Command,
  { removes = false, ...expected }: Expected & { readonly removes?: boolean } = {},
): PresentContestant {
  const place = freshPlace(directory, name);
  return {
    name,
    reset: () => {
      if (removes) rmSync(place.path(), { recursive: true, force: true });
      else place.next();
    },
    command: () => command(place.path()),
    check: () => checkTree(source, place.path(), expected),
  };
}

export function checkTree(source: string, destination: string, expected: Expected): readonly string[] {
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
