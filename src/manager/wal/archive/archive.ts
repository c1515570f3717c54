import { existsSync } from 'node:fs';
import { rm, stat, unlink } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { checkAborted } from '../../../system/abort.ts';
import { fromErrno } from '../../../system/errno.ts';
import { type CellarmanError, failure, isFailure } from '../../../system/errors.ts';
import { syncPath } from '../../../system/sync-path.ts';
import type { Catalogue } from '../../catalogue/catalogue.ts';
import { serverLockPath, takeLock } from '../../catalogue/locks.ts';
import { namesIn } from '../../catalogue/read-file.ts';
import type { WalIndex } from '../../catalogue/wal-index.ts';
import type { ServerConfig } from '../../config/configuration.ts';
import type { Hooks } from '../../hooks/hooks.ts';
import { Compression } from '../compression/compression.ts';
import { holdSame } from '../compression/content.ts';
import { ArchiveScripts } from './archive-scripts.ts';
import { archivedPath } from './archived-path.ts';
import { type Batch, incomingBatch, streamingBatch } from './batch.ts';
import { clusterOf } from './cluster.ts';
import { moveToErrors } from './errors-directory.ts';
import { inspect } from './inspect.ts';
import { inspectArrived } from './inspect-arrived.ts';
import { publish } from './publish.ts';
import { entryOf, type Staged, stage } from './staging.ts';
import { sweepTemporaries } from './sweep.ts';

/** Files whose names and index lines become durable together. */
const GROUP = 32;

/** What a run of `archive-wal` did, as it does it. */
export type ArchiveEvent =
  | { readonly type: 'begin'; readonly from: 'file' | 'streaming'; readonly batchSize: number }
  | { readonly type: 'archived'; readonly name: string }
  /** The archive has it already, byte for byte; the second one was removed. */
  | { readonly type: 'same'; readonly name: string }
  /** The archive has another one of this name; this one went to `errors/`. */
  | { readonly type: 'duplicate'; readonly name: string }
  /** Went to `errors/`: no name of PostgreSQL's. */
  | { readonly type: 'unknown'; readonly name: string }
  /** WAL_DAMAGED: of another cluster, or not what its name says; went to `errors/`. All other errors: left in place. */
  | { readonly type: 'refused'; readonly name: string; readonly error: CellarmanError }
  /** A script before it asked to stop; it and all behind it were left in place. */
  | { readonly type: 'stopped'; readonly name: string; readonly error: CellarmanError }
  | { readonly type: 'end'; readonly from: 'file' | 'streaming'; readonly files: number };

/**
 * Brings what arrived for a server into its WAL archive, under Barman's lock and in Barman's layout.
 * @throws LOCKED where another run is at work; UNSUPPORTED; ABORTED between two groups; the codes of single paths
 */
export async function* archiveWal(
  server: ServerConfig,
  catalogue: Catalogue,
  hooks: Hooks,
  signal?: AbortSignal,
): AsyncGenerator<ArchiveEvent, void, void> {
  refuseWhatIsMissing(server);
  using _lock = await takeLock(serverLockPath(catalogue.locks, 'archive-wal'));
  const run = new Run(server, catalogue, await catalogue.walIndex(), hooks, signal);
  const { archiver, streaming_archiver } = server.options;
  if (streaming_archiver) yield* run.from('streaming');
  if (archiver || !streaming_archiver) yield* run.from('file');
}

/** WAL that has to be encrypted must not slip by. */
function refuseWhatIsMissing({ name, options }: ServerConfig): void {
  if (options.encryption !== 'gpg') return;
  throw failure('UNSUPPORTED', { operation: 'archiving with encryption', where: `server '${name}'` });
}

/** What became of one file before its group is published. */
type Outcome =
  | { readonly type: 'staged'; readonly staged: Staged }
  /** It is just arriving: a later run takes it. */
  | { readonly type: 'arriving' }
  | Extract<ArchiveEvent, { readonly type: 'same' | 'duplicate' | 'refused' }>;

class Run {
  readonly #catalogue: Catalogue;
  readonly #options: ServerConfig['options'];
  readonly #index: WalIndex;
  readonly #compression: Compression;
  readonly #scripts: ArchiveScripts;
  readonly #signal: AbortSignal | undefined;
  /** Whose WAL this is, once that is known. */
  #cluster: string | undefined;
  #indexed: Promise<Set<string>> | undefined;

  constructor(
    { options }: ServerConfig,
    catalogue: Catalogue,
    index: WalIndex,
    hooks: Hooks,
    signal: AbortSignal | undefined,
  ) {
    this.#options = options;
    this.#catalogue = catalogue;
    this.#index = index;
    this.#compression = new Compression(options);
    this.#scripts = new ArchiveScripts(hooks, this.#compression, signal);
    this.#signal = signal;
  }

  async *from(from: 'file' | 'streaming'): AsyncGenerator<ArchiveEvent, void, void> {
    const { layout } = this.#catalogue;
    const { archiver_batch_size, streaming_archiver_batch_size } = this.#options;
    const batchSize = from === 'file' ? archiver_batch_size : streaming_archiver_batch_size;
    yield { type: 'begin', from, batchSize };
    const directory = from === 'file' ? layout.incoming : layout.streaming;
    const names = await namesIn(directory);
    await sweepTemporaries(directory, names);
    const batch: Batch = from === 'file' ? incomingBatch(names) : streamingBatch(names);
    if (batch.files.length > 0)
      this.#cluster ??= await clusterOf(this.#catalogue, this.#index, this.#compression);
    const most = batchSize > 0 ? batchSize : batch.files.length;
    // What has to stay where it is takes no room from what is behind it.
    let moved = 0;
    for (let start = 0; start < batch.files.length && moved < most; ) {
      checkAborted(this.#signal);
      const group = batch.files.slice(start, start + Math.min(GROUP, most - moved));
      start += group.length;
      const { allowed, stopped } = await this.#scripts.before(group, directory);
      for await (const event of this.#group(allowed, directory)) {
        if (event.type !== 'refused') moved++;
        yield event;
      }
      if (stopped === undefined) continue;
      yield { type: 'stopped', ...stopped };
      return;
    }
    for (const name of batch.unknown) {
      await moveToErrors(join(directory, name), name, 'unknown', layout.errors).catch(asFailure(name));
      yield { type: 'unknown', name };
    }
    yield { type: 'end', from, files: batch.files.length + batch.unknown.length };
  }

  async *#group(names: readonly string[], directory: string): AsyncGenerator<ArchiveEvent, void, void> {
    const outcomes = await inParallel(names, (name) => this.#prepare(name, join(directory, name)));
    const staged = outcomes.flatMap((outcome) => (outcome.type === 'staged' ? [outcome.staged] : []));
    await publish(staged, this.#catalogue.layout.wals, this.#index).catch(asFailure(directory));
    const indexed = await this.#indexed;
    for (const { name } of staged) indexed?.add(name);
    for (const outcome of outcomes) {
      if (outcome.type === 'arriving') continue;
      await this.#scripts.after(...forScripts(outcome));
      yield outcome.type === 'staged' ? { type: 'archived', name: outcome.staged.name } : outcome;
    }
  }

  async #prepare(name: string, source: string): Promise<Outcome> {
    const { wals, errors } = this.#catalogue.layout;
    try {
      const before = await stateOf(source);
      const inspected = await inspectArrived(source, name, this.#compression, this.#cluster);
      if (inspected === undefined) return { type: 'arriving' };
      const { format, systemIdentifier } = inspected;
      // The first segment of an empty archive decides whose it is; others may have been looked at meanwhile.
      this.#cluster ??= systemIdentifier;
      if (systemIdentifier !== undefined && systemIdentifier !== this.#cluster)
        await inspect(source, name, this.#compression, this.#cluster);
      const target = join(wals, archivedPath(name));
      if (!existsSync(target)) {
        const staged = await stage({ name, source, format }, wals, this.#compression);
        if ((await stateOf(source)) === before) return { type: 'staged', staged };
        // Written once more meanwhile: what was read may be a part of each.
        if (staged.ready !== source) await rm(staged.ready, { force: true });
        return { type: 'arriving' };
      }
      if (await holdSame(this.#compression, source, target)) {
        await this.#dropSame(name, source, target);
        return { type: 'same', name };
      }
      await moveToErrors(source, name, 'duplicate', errors);
      return { type: 'duplicate', name };
    } catch (error) {
      const known = fromErrno(error, source);
      if (known.code === 'WAL_DAMAGED')
        await moveToErrors(source, name, 'error', errors).catch(asFailure(source));
      return { type: 'refused', name, error: known };
    }
  }

  /** A run that was killed may have left it without its line. */
  async #dropSame(name: string, source: string, target: string): Promise<void> {
    this.#indexed ??= this.#namesInIndex();
    if (!(await this.#indexed).has(name)) {
      await this.#index.append([await entryOf(name, target, await this.#compression.formatOf(target))]);
    }
    // Nor is it certain to be on the disk yet.
    await syncPath(target);
    await syncPath(dirname(target));
    await unlink(source);
  }

  async #namesInIndex(): Promise<Set<string>> {
    const names = new Set<string>();
    for await (const { name } of this.#index.entries(() => undefined)) names.add(name);
    return names;
  }
}

async function stateOf(path: string): Promise<string> {
  const { ino, size, mtimeNs } = await stat(path, { bigint: true });
  return `${ino} ${size} ${mtimeNs}`;
}

function forScripts(
  outcome: Exclude<Outcome, { readonly type: 'arriving' }>,
): Parameters<ArchiveScripts['after']> {
  if (outcome.type === 'staged') return [outcome.staged.name, outcome.staged];
  return [outcome.name, outcome.type === 'refused' ? outcome.error : 'present'];
}

function asFailure(path: string): (error: unknown) => never {
  return (error) => {
    throw isFailure(error) ? error : fromErrno(error, path);
  };
}

/** As many at a time as there are processors; results in the order of the items. */
async function inParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const queue = items.entries();
  const lane = async (): Promise<void> => {
    for (const [at, item] of queue) results[at] = await work(item);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, lane));
  return results;
}
