import { type ByteString, byteString } from '../../system/byte-string.ts';
import type { Attributes, Entry, FileIdentity } from '../entry.ts';
import type { Batch, Task } from '../lanes/task.ts';

/**
 * A batch by column: cloning an object for every file would cost more than the file. Tasks that do not do with their files
 * what most of them do stand in `others` as they are, and so does whatever is not simply a file.
 */
export interface PackedBatch {
  readonly root: Batch['root'];
  readonly directory: Batch['directory'];
  /** What is to be done with all but `others`; undefined: there are only these. */
  readonly work: Work | undefined;
  /** How many tasks, those in `others` among them. */
  readonly count: number;
  readonly names: PackedNames;
  readonly sizes: readonly number[];
  readonly mtimes: readonly number[];
  readonly modes: readonly number[];
  readonly uids: readonly number[];
  readonly gids: readonly number[];
  /** Undefined: none of them has an identity. */
  readonly identities: PackedIdentities | undefined;
  /** Which attributes of the entry are to be set, one bit each. */
  readonly set: readonly number[];
  /** Undefined: none of them has one. */
  readonly knownHashes: readonly Task['knownHash'][] | undefined;
  readonly others: readonly { readonly index: number; readonly task: Task }[];
  readonly links:
    | { readonly basis: number; readonly names: PackedNames; readonly sizes: readonly number[] }
    | undefined;
}

/** What is the same for all. */
type Work = Pick<Task, 'do' | 'basis' | 'otherwise' | 'replaces' | 'shared'>;

type PackedIdentities = { readonly [field in keyof FileIdentity]: readonly number[] };

/** Names with a slash between them, which no name can hold: one string is cloned as fast as one of them. */
type PackedNames = string;

const ATTRIBUTES = ['mode', 'mtime', 'uid', 'gid'] as const satisfies readonly (keyof Attributes)[];

export function packBatch({ root, directory, tasks, links }: Batch): PackedBatch {
  const plain: Entry[] = [];
  const set: number[] = [];
  const others: { index: number; task: Task }[] = [];
  const work = workOf(tasks);
  const knownHashes: Task['knownHash'][] = [];
  const identities: FileIdentity[] | undefined = tasks[0]?.entry.identity === undefined ? undefined : [];
  for (const [index, task] of tasks.entries()) {
    const { identity } = task.entry;
    const isAlike = isPlain(task, work) && (identity === undefined) === (identities === undefined);
    const bits = isAlike ? attributeBits(task) : undefined;
    if (bits === undefined) {
      others.push({ index, task });
    } else {
      plain.push(task.entry);
      knownHashes.push(task.knownHash);
      set.push(bits);
      if (identity !== undefined) identities?.push(identity);
    }
  }
  return {
    root,
    directory,
    work,
    count: tasks.length,
    names: packNames(plain.map(({ name }) => name)),
    sizes: plain.map(({ size }) => size),
    mtimes: plain.map(({ mtime }) => mtime),
    modes: plain.map(({ mode }) => mode),
    uids: plain.map(({ uid }) => uid),
    gids: plain.map(({ gid }) => gid),
    identities: identities && {
      device: identities.map(({ device }) => device),
      inode: identities.map(({ inode }) => inode),
      links: identities.map(({ links }) => links),
      changed: identities.map(({ changed }) => changed),
    },
    set,
    knownHashes: knownHashes.some((hash) => hash !== undefined) ? knownHashes : undefined,
    others,
    links: links && { ...links, names: packNames(links.names) },
  };
}

export function unpackBatch(packed: PackedBatch): Batch {
  const { root, directory, work, count, links } = packed;
  const names = unpackNames(packed.names);
  const others = new Map(packed.others.map(({ index, task }) => [index, task]));
  const tasks: Task[] = [];
  for (let index = 0, at = 0; index < count; index++)
    tasks.push(others.get(index) ?? plainTask(packed, work as Work, names[at] as ByteString, at++));
  return {
    root,
    directory,
    tasks,
    links: links && { ...links, names: unpackNames(links.names) },
  };
}

const packNames = (names: readonly ByteString[]): PackedNames => names.join('/');

const unpackNames = (names: PackedNames): ByteString[] =>
  names === '' ? [] : names.split('/').map((name) => byteString(name));

function workOf(tasks: readonly Task[]): Work | undefined {
  const counts = new Map<Task['do'], number>();
  let most: Task | undefined;
  for (const task of tasks) {
    const count = (counts.get(task.do) ?? 0) + 1;
    counts.set(task.do, count);
    if (most === undefined || count > (counts.get(most.do) ?? 0)) most = task;
  }
  if (most === undefined) return undefined;
  const { do: what, basis, otherwise, replaces, shared } = most;
  return { do: what, basis, otherwise, replaces, shared };
}

function isPlain(task: Task, work: Work | undefined): boolean {
  const { entry } = task;
  return (
    task.do === work?.do &&
    task.basis === work.basis &&
    task.otherwise === work.otherwise &&
    task.replaces === work.replaces &&
    task.shared === work.shared &&
    task.sourceName === undefined &&
    entry.type === 'file' &&
    entry.target === undefined
  );
}

/** Undefined where an attribute is to be set to something else than the entry has. */
function attributeBits({ entry, attributes }: Task): number | undefined {
  let bits = 0;
  for (let i = 0; i < ATTRIBUTES.length; i++) {
    const key = ATTRIBUTES[i] as (typeof ATTRIBUTES)[number];
    const value = attributes[key];
    if (value === undefined) continue;
    if (value !== entry[key]) return undefined;
    bits |= 1 << i;
  }
  return bits;
}

function plainTask(packed: PackedBatch, work: Work, name: ByteString, at: number): Task {
  const entry: Entry = {
    name,
    type: 'file',
    mode: packed.modes[at] ?? 0,
    size: packed.sizes[at] ?? 0,
    mtime: packed.mtimes[at] ?? 0,
    uid: packed.uids[at] ?? 0,
    gid: packed.gids[at] ?? 0,
    target: undefined,
    identity: identityAt(packed.identities, at),
  };
  const bits = packed.set[at] ?? 0;
  return {
    do: work.do,
    entry,
    sourceName: undefined,
    attributes: {
      mode: bits & 1 ? entry.mode : undefined,
      mtime: bits & 2 ? entry.mtime : undefined,
      uid: bits & 4 ? entry.uid : undefined,
      gid: bits & 8 ? entry.gid : undefined,
    },
    replaces: work.replaces,
    basis: work.basis,
    knownHash: packed.knownHashes?.[at],
    otherwise: work.otherwise,
    shared: work.shared,
  };
}

function identityAt(identities: PackedIdentities | undefined, at: number): FileIdentity | undefined {
  if (identities === undefined) return undefined;
  return {
    device: identities.device[at] ?? 0,
    inode: identities.inode[at] ?? 0,
    links: identities.links[at] ?? 0,
    changed: identities.changed[at] ?? 0,
  };
}
