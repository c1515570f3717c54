import type { Attributes, Entry } from './entry.ts';
import type { Task } from './lanes/task.ts';
import type { BasisEntry, PlanRules, Step } from './plan.ts';
import { keptAttributes } from './plan.ts';

export interface TaskRules {
  readonly rules: PlanRules;
  /** Permission bits that new entries do not get where modes are not kept. */
  readonly umask: number;
  /** Whether the destination tells how many names a file has. */
  readonly knowsLinks: boolean;
}

const WORK = {
  copy: 'copy',
  compare: 'compare',
  link: 'link',
  symlink: 'symlink',
  attributes: 'attributes',
} as const;

/** What a lane has to do for a step that concerns one file or symbolic link. */
export function taskFor(step: Step, setup: TaskRules, sourceName: Task['sourceName']): Task {
  const { entry, existing } = step;
  const work = step.kind in WORK ? WORK[step.kind as keyof typeof WORK] : 'hash';
  const shared =
    existing?.type === 'file' && (existing.identity === undefined || existing.identity.links > 1);
  // Where nobody tells whether a file has other names, sending it anew is the only safe way to give it other attributes.
  const unsafe = shared && !setup.knowsLinks;
  return {
    do: work === 'attributes' && unsafe ? 'copy' : work,
    entry,
    sourceName,
    attributes: attributesFor(step, setup),
    replaces: existing !== undefined,
    basis: step.basis,
    knownHash: hashOf(step.known),
    otherwise: step.otherwise === 'attributes' && unsafe ? 'copy' : step.otherwise,
    shared,
  };
}

/** The attributes of what will stand under the step's name. */
export function attributesFor(step: Pick<Step, 'entry' | 'existing'>, setup: TaskRules): Attributes {
  const kept = keptAttributes(step.entry, setup.rules);
  if (kept.mode !== undefined || step.entry.type === 'symlink') return kept;
  return { ...kept, mode: modeFor(step.entry, step.existing, setup.umask) };
}

/** Without `perms`, what exists keeps its mode, and what is new gets the source's less the umask and the set-id bits. */
function modeFor(entry: Entry, existing: Entry | undefined, umask: number): number {
  return existing?.type === entry.type ? existing.mode : entry.mode & 0o777 & ~umask;
}

export function hashOf(known: BasisEntry | undefined): string | undefined {
  return known !== undefined && 'hash' in known ? known.hash : undefined;
}
