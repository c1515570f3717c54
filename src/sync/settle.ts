import { setTimeout as sleep } from 'node:timers/promises';
import { checkAborted } from '../system/abort.ts';
import { Batching, type NotedBatch } from './batching.ts';
import { isRacy, type SourceClock } from './clock.ts';
import type { Entry } from './entry.ts';
import type { Fresh, Note } from './note.ts';
import { joinPath, parentOf } from './path.ts';
import { taskFor } from './task-for.ts';
import type { TransferSetup } from './transfer-setup.ts';

const SECOND = 1_000_000;
/** Milliseconds that are waited at most: what claims to be modified later than this lies in the future. */
const LONGEST_WAIT = 8000;

/**
 * Without a manifest nothing remembers that a file was too fresh to be trusted, and no later run could see a change
 * within the same second. So this run waits until that second is over and looks again: what changed since, or may have
 * changed where times are whole seconds, is compared once more. From then on every change has a later time.
 */
export async function settle(
  setup: TransferSetup,
  clock: SourceClock,
  fresh: readonly Fresh[],
): Promise<readonly NotedBatch<Note>[]> {
  const doubtful = fresh.filter(({ entry, readAt }) => isRacy(entry, readAt, clock));
  if (doubtful.length === 0) return [];
  await untilPast(doubtful, clock, setup.signal);
  const batches: NotedBatch<Note>[] = [];
  for (const one of doubtful) {
    const { note, hash } = one;
    const root = setup.source.roots[note.root];
    const name = setup.source.sourceName(note.path, note.root);
    const path = name === undefined ? note.path : joinPath(parentOf(note.path), name);
    const now = await root?.endpoint.lookup(path);
    if (now === undefined || isUntouched(one.entry, now)) continue;
    const same = now.size === one.entry.size && now.mtime === one.entry.mtime;
    const entry = { ...now, name: note.step.entry.name };
    const again = note.with({
      kind: same ? 'compare' : 'copy',
      entry,
      existing: entry,
      basis: -1,
      otherwise: 'none',
      changes: ['content'],
    });
    const rules = {
      rules: setup.rules,
      umask: setup.umask,
      knowsLinks: setup.destination.capabilities.identity,
    };
    const batching = new Batching<Note>(note.directory);
    batching.add(note.root, { ...taskFor(again.step, rules, name), knownHash: hash, shared: false }, again);
    batches.push(...batching.batches(note.root));
  }
  return batches;
}

/** A local source tells: its times are fine, and no change leaves the change time as it was. */
function isUntouched(then: Entry, now: Entry): boolean {
  return (
    then.identity !== undefined &&
    then.identity.changed === now.identity?.changed &&
    then.identity.inode === now.identity.inode &&
    then.size === now.size &&
    then.mtime === now.mtime
  );
}

async function untilPast(fresh: readonly Fresh[], clock: SourceClock, signal: AbortSignal): Promise<void> {
  const present = Date.now() * 1000 + clock.offset;
  const latest = fresh
    .map(({ entry }) => (Math.floor(entry.mtime / SECOND) + 1) * SECOND + clock.uncertainty)
    .filter((moment) => moment - present <= LONGEST_WAIT * 1000)
    .reduce((a, b) => Math.max(a, b), 0);
  const wait = (latest - present) / 1000;
  if (wait > 0) await sleep(wait, undefined, { signal }).catch(() => checkAborted(signal));
}
