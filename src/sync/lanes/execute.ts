import { checkAborted } from '../../system/abort.ts';
import { toText } from '../../system/byte-string.ts';
import { failure, isFailure } from '../../system/errors.ts';
import type { Endpoint } from '../endpoint.ts';
import type { RelPath } from '../entry.ts';
import { joinPath, nameOf, parentOf } from '../path.ts';
import { isOfPath } from '../run-failure.ts';
import type { LaneContext } from './context.ts';
import { copyFile } from './copy.ts';
import { hashFile } from './hash-file.ts';
import { failed, NOTHING } from './results.ts';
import type { Task, TaskResult } from './task.ts';
import { goneFrom } from './vanished.ts';

/** Does one task. Failures of its path are in the result; what ends the run is thrown. */
export async function execute(
  context: LaneContext,
  root: number,
  directory: RelPath,
  task: Task,
): Promise<TaskResult> {
  try {
    checkAborted(context.signal);
    return await new Execution(context, root, directory, task).run();
  } catch (error) {
    if (!isOfPath(error)) throw error;
    return failed(error);
  }
}

/** What a dry run says became of a task. */
const PRETENDED = {
  copy: 'copied',
  link: 'linked',
  symlink: 'made',
  attributes: 'made',
  hash: 'kept',
} as const satisfies Record<Exclude<Task['do'], 'compare'>, TaskResult['outcome']>;

class Execution {
  readonly #context: LaneContext;
  readonly #root: number;
  readonly #task: Task;
  readonly #sourcePath: RelPath;
  /** The entry's path below the bases and in the transfer. */
  readonly #path: RelPath;
  readonly #target: RelPath;

  constructor(context: LaneContext, root: number, directory: RelPath, task: Task) {
    this.#context = context;
    this.#root = root;
    this.#task = task;
    this.#path = joinPath(directory, task.entry.name);
    this.#sourcePath = joinPath(directory, task.sourceName ?? task.entry.name);
    this.#target = joinPath(context.options.base, this.#path);
  }

  async run(): Promise<TaskResult> {
    const task = this.#task;
    if (this.#context.options.dryRun && task.do !== 'compare')
      return { ...NOTHING, outcome: PRETENDED[task.do] };
    switch (task.do) {
      case 'copy':
        return task.basis >= 0 ? await this.#reuse(0) : await this.#copy(0);
      case 'compare':
        return await this.#compare();
      case 'link':
        return await this.#link(0, task.knownHash);
      case 'symlink':
        return await this.#symlink();
      case 'attributes':
        return await this.#attributes();
      case 'hash':
        return {
          ...NOTHING,
          outcome: 'kept',
          ...(await this.#examine(this.#context.destination, this.#target)),
        };
    }
  }

  async #copy(comparedBytes: number): Promise<TaskResult> {
    const { entry, attributes, replaces } = this.#task;
    const from = await this.#context.source(this.#root);
    const copied = await copyFile(this.#context, {
      from,
      fromPath: this.#sourcePath,
      path: this.#path,
      to: this.#target,
      entry,
      attributes,
      replaces,
    });
    return {
      outcome: 'copied',
      entry: copied.entry === entry ? undefined : copied.entry,
      hash: copied.hash,
      readAt: copied.readAt,
      finding: copied.finding,
      torn: copied.torn,
      comparedBytes,
      error: copied.short ? failure('SHRANK_WHILE_READ', { path: toText(this.#sourcePath) }) : undefined,
    };
  }

  /** Takes the content from the basis, which lies on the destination's side; from the source where that fails. */
  async #reuse(comparedBytes: number): Promise<TaskResult> {
    const { entry, attributes, replaces, knownHash } = this.#task;
    try {
      const copied = await copyFile(this.#context, {
        from: this.#context.destination,
        fromPath: this.#basisPath(),
        path: this.#path,
        to: this.#target,
        entry: { ...entry, ...(await this.#context.destination.lookup(this.#basisPath())), name: entry.name },
        attributes,
        replaces,
      });
      if (!copied.torn && (knownHash === undefined || knownHash === copied.hash)) {
        return { ...NOTHING, outcome: 'reused', hash: copied.hash, finding: copied.finding, comparedBytes };
      }
    } catch (error) {
      if (!isOfPath(error)) throw error;
    }
    // The basis is gone or not what it was: the source is right here.
    return { ...(await this.#copyOver(comparedBytes)) };
  }

  /** A copy from the source where something of ours may stand under the name already. */
  async #copyOver(comparedBytes: number): Promise<TaskResult> {
    return new Execution(this.#context, this.#root, parentOf(this.#path), {
      ...this.#task,
      do: 'copy',
      basis: -1,
      replaces: true,
    }).#copy(comparedBytes);
  }

  async #compare(): Promise<TaskResult> {
    const { basis, knownHash, otherwise, entry } = this.#task;
    const source = await this.#context.source(this.#root);
    const readAt = Date.now();
    const [{ hash: theirs, finding }, ours] = await Promise.all([
      this.#examine(source, this.#sourcePath).catch(unlessShrunk),
      knownHash ?? this.#hashOf(basis >= 0 ? this.#basisPath() : this.#target),
    ]);
    if (this.#context.options.dryRun) {
      const outcome = theirs !== ours ? 'copied' : otherwise === 'none' ? 'kept' : PRETENDED[otherwise];
      return { ...NOTHING, outcome, comparedBytes: entry.size };
    }
    if (theirs !== ours) return await this.#copy(entry.size);
    // A copy that had to be made after all was inspected by itself.
    const after = (result: TaskResult): TaskResult => ({
      ...result,
      readAt,
      finding: result.finding ?? finding,
      comparedBytes: entry.size,
    });
    switch (otherwise) {
      case 'none':
        return after({ ...NOTHING, outcome: 'kept', hash: theirs });
      case 'link':
        return after(await this.#link(entry.size, theirs));
      case 'copy':
        return after(await this.#reuse(entry.size));
      case 'attributes':
        return after({ ...(await this.#attributes()), hash: theirs });
    }
  }

  async #link(comparedBytes: number, hash: string | undefined): Promise<TaskResult> {
    const { destination } = this.#context;
    const { entry } = this.#task;
    try {
      // Somebody may have cut it since it was recorded.
      if (entry.type === 'file' && (await destination.lookup(this.#basisPath()))?.size !== entry.size)
        return await this.#reuse(comparedBytes);
      await linkInto(this.#context, this.#basisPath(), this.#target, this.#task.replaces);
    } catch (error) {
      if (!isOfPath(error)) throw error;
      if (entry.type === 'symlink') return await this.#symlink();
      // As many links as the file system allows, another file system, or the basis lost the file: its content will do.
      return await this.#reuse(comparedBytes);
    }
    return { ...NOTHING, outcome: 'linked', hash: hash ?? (await this.#wantedHash()), comparedBytes };
  }

  async #symlink(): Promise<TaskResult> {
    const { destination } = this.#context;
    const { entry, attributes, replaces } = this.#task;
    const path = replaces ? this.#temporary() : this.#target;
    await destination.symlink(path, entry.target ?? entry.name);
    try {
      if (destination.capabilities.symlinkAttributes) await destination.setAttributes(path, attributes);
      if (replaces) await destination.rename(path, this.#target);
    } catch (error) {
      await destination.removeFile(path).catch(() => {});
      throw error;
    }
    return NOTHING;
  }

  async #attributes(): Promise<TaskResult> {
    const { destination } = this.#context;
    const { entry, attributes, shared } = this.#task;
    if (!shared) {
      await destination.setAttributes(this.#target, attributes);
      return { ...NOTHING, hash: this.#task.knownHash ?? (await this.#wantedHash()) };
    }
    // The file may belong to another tree too: give this one a file of its own.
    const here = await destination.lookup(this.#target);
    const copied = await copyFile(this.#context, {
      from: destination,
      fromPath: this.#target,
      path: this.#path,
      to: this.#target,
      entry: here ?? entry,
      attributes: {
        ...(here === undefined ? {} : { mode: here.mode, mtime: here.mtime }),
        ...defined(attributes),
      },
      replaces: true,
    });
    return { ...NOTHING, hash: copied.hash, finding: copied.finding };
  }

  /** Reads a file for its hash, and for who looks at contents. */
  async #examine(endpoint: Endpoint, path: RelPath): Promise<Pick<TaskResult, 'hash' | 'finding'>> {
    const { newHash, signal, inspect } = this.#context;
    const { entry } = this.#task;
    const inspector = inspect?.(this.#path, entry);
    const hash = await hashFile(endpoint, path, entry.size, newHash(), signal, inspector).catch(
      goneFrom(endpoint, this.#context),
    );
    return { hash, finding: inspector?.finish() };
  }

  /** Of what stands in the destination now. */
  async #wantedHash(): Promise<string | undefined> {
    const wanted = this.#context.options.hashes && this.#task.entry.type === 'file';
    return wanted ? await this.#hashOf(this.#target) : undefined;
  }

  #hashOf(path: RelPath): Promise<string> {
    const { destination, signal } = this.#context;
    return hashFile(destination, path, this.#task.entry.size, this.#context.newHash(), signal);
  }

  #basisPath(): RelPath {
    return joinPath(this.#context.options.bases[this.#task.basis] ?? this.#context.options.base, this.#path);
  }

  #temporary(): RelPath {
    return joinPath(parentOf(this.#target), this.#context.temporaryName(nameOf(this.#target)));
  }
}

/** A file that became shorter since it was listed is another one: it is copied. */
function unlessShrunk(error: unknown): Pick<TaskResult, 'hash' | 'finding'> {
  if (!isFailure(error, 'SHRANK_WHILE_READ')) throw error;
  return { hash: undefined, finding: undefined };
}

/** A second name for `existing`, in place of whatever file stands there. */
export async function linkInto(
  context: Pick<LaneContext, 'destination' | 'temporaryName'>,
  existing: RelPath,
  path: RelPath,
  replaces: boolean,
): Promise<void> {
  const { destination } = context;
  if (!replaces) return destination.link(existing, path);
  const temporary = joinPath(parentOf(path), context.temporaryName(nameOf(path)));
  await destination.link(existing, temporary);
  try {
    await destination.rename(temporary, path);
  } finally {
    // rename(2) of two names of one file does nothing and leaves both.
    await destination.removeFile(temporary).catch(() => {});
  }
}

function defined<T extends object>(value: T): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as Partial<T>;
}
