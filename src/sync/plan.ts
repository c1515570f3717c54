import type { Attributes, Entry } from './entry.ts';
import type { RecordedEntry } from './manifest/record.ts';
import type { Change } from './report.ts';

/** What counts as unchanged, and what is kept in step. */
export interface PlanRules {
  readonly perms: boolean;
  readonly times: boolean;
  readonly owner: boolean;
  readonly group: boolean;
  /** The groups that can be given; undefined: all. */
  readonly groups: ReadonlySet<number> | undefined;
  /** Content alone decides between files of equal size. */
  readonly checksum: boolean;
  readonly sizeOnly: boolean;
  readonly ignoreTimes: boolean;
  /** Leave files alone that are newer in the destination. */
  readonly update: boolean;
  /** Microseconds: times are floored to this before they are compared. */
  readonly precision: number;
  /** Microseconds by which two times may differ and count as equal. */
  readonly window: number;
  /** Microseconds: a file whose time is not before this is compared by content, however equal it looks. */
  readonly horizon: number;
}

export type BasisUse = 'link' | 'copy' | 'compare';

/** One directory of a basis: a tree that may hold the content already. */
export interface BasisListing {
  readonly use: BasisUse;
  readonly entries: readonly BasisEntry[];
  /** For this basis in place of the rules' horizon. */
  readonly horizon?: number | undefined;
}

export type BasisEntry = Entry | RecordedEntry;

/**
 * What is to be done with one source entry.
 * - `none`: it stands as it should.
 * - `compare`: its attributes are equal but prove nothing; read it, and do `otherwise` when the content is equal, a copy
 *   when it is not.
 * - `copy`: transfer the content; with `basis >= 0` from that basis of this side, otherwise from the source.
 * - `link`: another name of the file in `basis`.
 * - `blocked`: a directory stands in the way.
 * - `drop`: the basis holds it and it shall not be here (`--compare-dest`).
 */
export type StepKind =
  | 'none'
  | 'directory'
  | 'copy'
  | 'compare'
  | 'link'
  | 'symlink'
  | 'attributes'
  | 'blocked'
  | 'drop';

export interface Step {
  readonly kind: StepKind;
  readonly entry: Entry;
  readonly changes: readonly Change[];
  /** What stands in the destination under this name. */
  readonly existing: Entry | undefined;
  /** Which basis the step uses, -1 for none. */
  readonly basis: number;
  /** The entry that the step compares with or takes its content from: of the basis, or of the destination. */
  readonly known: BasisEntry | undefined;
  /** After a `compare` that found equal content. */
  readonly otherwise: 'none' | 'link' | 'copy' | 'attributes';
}

export interface DirectoryPlan {
  readonly steps: readonly Step[];
  /** Entries of the destination that the source does not have. */
  readonly extraneous: readonly Entry[];
}

/**
 * Decides what makes one directory of the destination equal to that of the source. Pure: no clock, no file system.
 * All lists are sorted by raw bytes. `recorded` is what a manifest says of the destination itself.
 * The semantics are those of rsync(1): quick check, `--link-dest`, `--copy-dest`, `--compare-dest`, `--update`.
 */
export function planDirectory(
  source: readonly Entry[],
  existing: readonly Entry[],
  bases: readonly BasisListing[],
  rules: PlanRules,
  recorded: readonly RecordedEntry[] = [],
): DirectoryPlan {
  const steps: Step[] = [];
  const extraneous: Entry[] = [];
  const cursors = bases.map((basis) => new Cursor(basis.entries));
  // One list for all entries: no step keeps it.
  const candidates: (BasisEntry | undefined)[] = bases.map(() => undefined);
  const record = new Cursor(recorded);
  let e = 0;
  for (const entry of source) {
    let here = existing[e];
    while (here !== undefined && here.name < entry.name) {
      extraneous.push(here);
      here = existing[++e];
    }
    if (here !== undefined && here.name === entry.name) e++;
    else here = undefined;
    for (let i = 0; i < cursors.length; i++) candidates[i] = cursors[i]?.at(entry.name);
    steps.push(planEntry(entry, here, bases, candidates, rules, record.at(entry.name)));
  }
  for (; e < existing.length; e++) extraneous.push(existing[e] as Entry);
  return { steps, extraneous };
}

/** Walks a sorted list alongside another one. */
class Cursor<T extends { readonly name: string }> {
  readonly #entries: readonly T[];
  #next = 0;

  constructor(entries: readonly T[]) {
    this.#entries = entries;
  }

  at(name: string): T | undefined {
    for (let entry = this.#entries[this.#next]; entry !== undefined; entry = this.#entries[++this.#next]) {
      // Asked first: it is what is found nearly always, and costs a fraction of the order.
      if (entry.name === name) return entry;
      if (entry.name > name) return undefined;
    }
    return undefined;
  }
}

function planEntry(
  entry: Entry,
  existing: Entry | undefined,
  bases: readonly BasisListing[],
  candidates: readonly (BasisEntry | undefined)[],
  rules: PlanRules,
  recorded: RecordedEntry | undefined,
): Step {
  if (existing?.type === 'directory' && entry.type !== 'directory') {
    return step('blocked', entry, ['type'], existing);
  }
  switch (entry.type) {
    case 'directory':
      return planDirectoryEntry(entry, existing, rules);
    case 'symlink':
      return planSymlink(entry, existing, bases, candidates, rules);
    default:
      return planFile(entry, existing, bases, candidates, rules, recorded);
  }
}

function planDirectoryEntry(entry: Entry, existing: Entry | undefined, rules: PlanRules): Step {
  if (existing === undefined) return step('directory', entry, ['created'], existing);
  if (existing.type !== 'directory') return step('directory', entry, ['type'], existing);
  const changes = attributeChanges(entry, existing, rules);
  return step(changes.length > 0 ? 'attributes' : 'none', entry, changes, existing);
}

function planSymlink(
  entry: Entry,
  existing: Entry | undefined,
  bases: readonly BasisListing[],
  candidates: readonly (BasisEntry | undefined)[],
  rules: PlanRules,
): Step {
  if (existing?.type === 'symlink' && existing.target === entry.target) {
    const changes = attributeChanges(entry, existing, rules);
    // A link's own attributes cannot be changed through a second name of it without harm: a new one is cheap.
    return step(changes.length > 0 ? 'symlink' : 'none', entry, changes, existing);
  }
  const changes: Change[] =
    existing === undefined
      ? ['created']
      : existing.type === 'symlink'
        ? ['target', ...attributeChanges(entry, existing, rules)]
        : ['type'];
  for (let i = 0; i < candidates.length; i++) {
    const candidate = candidates[i];
    if (bases[i]?.use === 'copy' || candidate?.type !== 'symlink' || candidate.target !== entry.target)
      continue;
    if (!sameAttributes(entry, candidate, rules)) continue;
    return bases[i]?.use === 'link'
      ? step('link', entry, changes, existing, i, candidate)
      : step(existing === undefined ? 'none' : 'drop', entry, [], existing, i, candidate);
  }
  return step('symlink', entry, changes, existing);
}

function planFile(
  entry: Entry,
  existing: Entry | undefined,
  bases: readonly BasisListing[],
  candidates: readonly (BasisEntry | undefined)[],
  rules: PlanRules,
  recorded: RecordedEntry | undefined,
): Step {
  const here = existing?.type === 'file' ? existing : undefined;
  if (here !== undefined) {
    if (rules.update && floorTo(here.mtime, rules) > floorTo(entry.mtime, rules)) {
      return step('none', entry, [], existing);
    }
    const verdict = quickCheck(entry, recordOf(here, recorded, rules), rules);
    if (verdict !== 'different') {
      const changes = attributeChanges(entry, here, rules);
      if (verdict === 'same')
        return step(changes.length > 0 ? 'attributes' : 'none', entry, changes, existing);
      const otherwise = changes.length > 0 ? 'attributes' : 'none';
      return step(
        'compare',
        entry,
        [...changes, 'content'],
        existing,
        -1,
        recordOf(here, recorded, rules),
        otherwise,
      );
    }
  }
  const changes = fileChanges(entry, existing, rules);
  return (
    fromBasis(entry, existing, changes, bases, candidates, rules) ?? step('copy', entry, changes, existing)
  );
}

/**
 * The best match among the bases: one that is equal in content and attributes, else the first that is equal in content.
 */
function fromBasis(
  entry: Entry,
  existing: Entry | undefined,
  changes: readonly Change[],
  bases: readonly BasisListing[],
  candidates: readonly (BasisEntry | undefined)[],
  rules: PlanRules,
): Step | undefined {
  let second: Step | undefined;
  for (let i = 0; i < candidates.length; i++) {
    const candidate = candidates[i];
    const use = bases[i]?.use;
    if (candidate?.type !== 'file' || use === undefined) continue;
    if (use === 'copy' && existing?.type === 'file') continue;
    const verdict = quickCheck(entry, candidate, rules, bases[i]?.horizon);
    if (verdict === 'different') continue;
    const exact = sameAttributes(entry, candidate, rules);
    const otherwise = exact && use === 'link' ? 'link' : exact && use === 'compare' ? 'none' : 'copy';
    if (verdict === 'uncertain') {
      second ??= step('compare', entry, changes, existing, i, candidate, otherwise);
    } else if (otherwise === 'link') {
      return step('link', entry, changes, existing, i, candidate);
    } else if (otherwise === 'none') {
      return step(existing === undefined ? 'none' : 'drop', entry, [], existing, i, candidate);
    } else {
      second ??= step('copy', entry, changes, existing, i, candidate);
    }
  }
  return second;
}

type Verdict = 'same' | 'different' | 'uncertain';

/** Size and time, and whether they can be trusted. */
function quickCheck(
  entry: Entry,
  known: BasisEntry,
  rules: PlanRules,
  horizon: number = rules.horizon,
): Verdict {
  if (entry.size !== known.size) return 'different';
  if (rules.checksum) return 'uncertain';
  if (rules.sizeOnly) return 'same';
  if (rules.ignoreTimes || !sameTime(entry, known, rules)) return 'different';
  if (entry.mtime >= horizon) return 'uncertain';
  if (!('racy' in known)) return 'same';
  return known.racy || otherInode(entry, known) ? 'uncertain' : 'same';
}

/** A changed inode or change time betrays a writer that put the old modification time back. */
function otherInode(entry: Entry, known: RecordedEntry): boolean {
  const now = entry.identity;
  const then = known.identity;
  if (now === undefined || then === undefined) return false;
  return now.inode !== then.inode || now.changed !== then.changed;
}

/** What is known of a file in the destination: its record in a manifest, if that is still about the same file. */
function recordOf(existing: Entry, recorded: RecordedEntry | undefined, rules: PlanRules): BasisEntry {
  return recorded?.type === 'file' && recorded.size === existing.size && sameTime(recorded, existing, rules)
    ? recorded
    : existing;
}

const CREATED: readonly Change[] = ['created'];

function fileChanges(entry: Entry, existing: Entry | undefined, rules: PlanRules): readonly Change[] {
  if (existing === undefined) return CREATED;
  if (existing.type !== 'file') return ['type'];
  const changes: Change[] = [];
  if (rules.checksum && entry.size === existing.size) changes.push('content');
  if (entry.size !== existing.size) changes.push('size');
  if (!sameTime(entry, existing, rules)) changes.push('time');
  changes.push(...attributeChanges(entry, existing, rules).filter((change) => change !== 'time'));
  return changes;
}

type AttributeRules = Pick<
  PlanRules,
  'perms' | 'times' | 'owner' | 'group' | 'groups' | 'precision' | 'window'
>;

/** Whether there are no {@link attributeChanges}: asked for every unchanged file, so nothing is made for the answer. */
function sameAttributes(entry: Entry, other: Entry, rules: AttributeRules): boolean {
  return (
    (!rules.times || sameTime(entry, other, rules)) &&
    (!rules.perms || entry.type === 'symlink' || entry.mode === other.mode) &&
    (!rules.owner || entry.uid === other.uid) &&
    (entry.gid === other.gid || !keepsGroup(entry, rules))
  );
}

/** The preserved attributes in which two entries of one type differ. Symbolic links have no mode of their own. */
export function attributeChanges(entry: Entry, other: Entry, rules: AttributeRules): Change[] {
  const changes: Change[] = [];
  if (rules.times && !sameTime(entry, other, rules)) changes.push('time');
  if (rules.perms && entry.type !== 'symlink' && entry.mode !== other.mode) changes.push('mode');
  if (rules.owner && entry.uid !== other.uid) changes.push('owner');
  if (keepsGroup(entry, rules) && entry.gid !== other.gid) changes.push('group');
  return changes;
}

/** The attributes of an entry that the rules keep in step. */
export function keptAttributes(entry: Entry, rules: PlanRules): Attributes {
  return {
    mode: rules.perms && entry.type !== 'symlink' ? entry.mode : undefined,
    mtime: rules.times ? entry.mtime : undefined,
    uid: rules.owner ? entry.uid : undefined,
    gid: keepsGroup(entry, rules) ? entry.gid : undefined,
  };
}

function keepsGroup(entry: Entry, { group, groups }: Pick<PlanRules, 'group' | 'groups'>): boolean {
  return group && (groups === undefined || groups.has(entry.gid));
}

function floorTo(time: number, rules: Pick<PlanRules, 'precision'>): number {
  return time - (((time % rules.precision) + rules.precision) % rules.precision);
}

function sameTime(a: Entry, b: Entry, rules: Pick<PlanRules, 'precision' | 'window'>): boolean {
  if (a.mtime === b.mtime) return true;
  return Math.abs(floorTo(a.mtime, rules) - floorTo(b.mtime, rules)) <= rules.window;
}

function step(
  kind: StepKind,
  entry: Entry,
  changes: readonly Change[],
  existing: Entry | undefined,
  basis = -1,
  known: BasisEntry | undefined = undefined,
  otherwise: Step['otherwise'] = 'none',
): Step {
  return { kind, entry, changes, existing, basis, known, otherwise };
}
