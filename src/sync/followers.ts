import { checkAborted } from '../system/abort.ts';
import { Batching, type NotedBatch } from './batching.ts';
import type { Follower } from './hard-links.ts';
import { linkInto } from './lanes/execute.ts';
import { temporaryName } from './lanes/temporary-name.ts';
import type { Note } from './note.ts';
import type { Outcomes } from './outcomes.ts';
import { joinPath } from './path.ts';
import { isOfPath } from './run-failure.ts';
import { taskFor } from './task-for.ts';
import type { TransferSetup } from './transfer-setup.ts';

/**
 * Gives files that were transferred their other names (`-H`). Returns what has to be transferred after all because its
 * first name could not be.
 */
export async function followLeaders(
  setup: TransferSetup,
  followers: readonly Follower<Note>[],
  outcomes: Outcomes,
): Promise<readonly NotedBatch<Note>[]> {
  const { destination, base, nameMax, dryRun, signal } = setup;
  const orphans: NotedBatch<Note>[] = [];
  const context = { destination, temporaryName: (name: Note['path']) => temporaryName(name, nameMax) };
  for (const { path, leader, note } of followers) {
    checkAborted(signal);
    const target = joinPath(base, path);
    const existing = joinPath(base, leader);
    if (outcomes.failed.has(leader)) {
      orphans.push(...copyOf(setup, note));
    } else if (await isSameFile(setup, note, existing)) {
      outcomes.following(note, leader, false);
    } else {
      try {
        if (!dryRun) await linkInto(context, existing, target, note.step.existing !== undefined);
        outcomes.following(note, leader, true);
      } catch (error) {
        if (!isOfPath(error)) throw error;
        orphans.push(...copyOf(setup, note));
      }
    }
  }
  return orphans;
}

function copyOf(setup: TransferSetup, note: Note): readonly NotedBatch<Note>[] {
  const batching = new Batching<Note>(note.directory);
  const rules = {
    rules: setup.rules,
    umask: setup.umask,
    knowsLinks: setup.destination.capabilities.identity,
  };
  const copy = note.with({ kind: 'copy', basis: -1 });
  batching.add(note.root, taskFor(copy.step, rules, undefined), copy);
  return batching.batches(note.root);
}

/** Whether the name in the destination is one of the leader's already. */
async function isSameFile(setup: TransferSetup, { step }: Note, leader: Note['path']): Promise<boolean> {
  const here = step.existing?.identity;
  if (here === undefined) return false;
  const there = (await setup.destination.lookup(leader))?.identity;
  return there !== undefined && there.device === here.device && there.inode === here.inode;
}
