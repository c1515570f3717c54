import { rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { failure, isFailure } from '../../system/errors.ts';
import type { HeldLock } from '../../system/held-lock.ts';
import { type Keep, markBeingDeleted, readKeep, unmarkBeingDeleted } from '../catalogue/annotations.ts';
import { type Backup, isCopied } from '../catalogue/backup.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { backupLockPath, serverLockPath, takeLock, waitForLock } from '../catalogue/locks.ts';
import { namesIn } from '../catalogue/read-file.ts';
import type { WalEntry } from '../catalogue/wal-entry.ts';
import type { ServerConfig } from '../config/configuration.ts';
import { backupEnvironment } from '../hooks/environment.ts';
import type { Hooks } from '../hooks/hooks.ts';
import { decideRemoval, type Refusal } from './decide.ts';
import { mendOthers } from './mend-others.ts';
import { obsoleteWal, walNeeds } from './obsolete-wal.ts';
import { emptyDirectory } from './remove-tree.ts';
import { removeWal } from './remove-wal.ts';

export type RemovalEvent =
  | { readonly type: 'refused'; readonly id: string; readonly refusal: Refusal }
  /** Times: milliseconds since the epoch. */
  | { readonly type: 'begin'; readonly id: string; readonly at: number }
  | { readonly type: 'wal'; readonly id: string; readonly name: string }
  /** All WAL stays, since nobody can tell what backups need whose `backup.info` is damaged. */
  | { readonly type: 'wal left'; readonly damaged: readonly string[] }
  | { readonly type: 'end'; readonly id: string; readonly at: number };

export interface RemovalSite {
  readonly server: Pick<ServerConfig, 'options'>;
  readonly catalogue: Catalogue;
  readonly hooks: Hooks;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Removes backups one after the other, each with what rests on it, and the WAL that nobody needs any more. At every
 * moment the catalogue is a good one: before the first file goes the backup counts as failed and is marked, its
 * `backup.info` goes last, and whatever was left undone is done by removing it again.
 *
 * @throws LOCKED where a backup is being taken that may rest on one of them; HOOK_STOPPED, ABORTED, the codes of single paths
 */
export async function* removeBackups(
  site: RemovalSite,
  ids: readonly string[],
): AsyncGenerator<RemovalEvent, void, void> {
  for (const id of ids) {
    const view = await readView(site);
    const backup = view.backups.find((each) => each.id === id);
    // It may have gone together with another one.
    if (backup === undefined) continue;
    const decision = decideRemoval(backup, view);
    if ('refusal' in decision) yield { type: 'refused', id, refusal: decision.refusal };
    else yield* removeFamily(site, decision.family);
  }
}

/** Where one of them stays, what it rests on stays too. */
async function* removeFamily(
  site: RemovalSite,
  family: readonly Backup[],
): AsyncGenerator<RemovalEvent, void, void> {
  for (const { id } of family) {
    for await (const event of removeOne(site, id)) {
      yield event;
      if (event.type === 'refused') return;
    }
  }
}

/** The same without doing it: what would go, with what was to go before it gone. */
export async function* planRemovals(
  site: Omit<RemovalSite, 'hooks'>,
  ids: readonly string[],
): AsyncGenerator<RemovalEvent, void, void> {
  const view = await readView(site);
  let backups: readonly Backup[] = view.backups;
  let entries = await readIndex(site.catalogue, backups);
  for (const id of ids) {
    const backup = backups.find((each) => each.id === id);
    if (backup === undefined) continue;
    const decision = decideRemoval(backup, { ...view, backups });
    if ('refusal' in decision) {
      yield { type: 'refused', id, refusal: decision.refusal };
      continue;
    }
    for (const member of decision.family) {
      backups = backups.filter((each) => each !== member);
      yield { type: 'begin', id: member.id, at: Date.now() };
      if (leavesWal(site, view)) {
        if (view.damaged.length > 0) yield { type: 'wal left', damaged: view.damaged };
        continue;
      }
      const names = entries.map(({ name }) => name);
      const gone = new Set(obsoleteWal(names, walNeeds(backups, view.keeps), member.fields.begin_wal));
      for (const name of gone) yield { type: 'wal', id: member.id, name };
      entries = entries.filter(({ name }) => !gone.has(name));
    }
  }
}

async function* removeOne(site: RemovalSite, id: string): AsyncGenerator<RemovalEvent, void, void> {
  const { catalogue, hooks, signal } = site;
  const { layout, locks } = catalogue;
  const own = await lockBackup(catalogue, id);
  if ('refusal' in own) {
    yield { type: 'refused', id, refusal: own.refusal };
    return;
  }
  using _own = own;
  const { backups } = await readView(site);
  const backup = backups.find((each) => each.id === id);
  if (backup === undefined) return;
  using _server = await lockServer(catalogue, backup, backups);
  yield { type: 'begin', id, at: Date.now() };
  await hooks.before('delete', backupEnvironment(layout, backup, backups), signal);

  const marked = await mark(site, backup);
  if ('refusal' in marked) {
    yield { type: 'refused', id, refusal: marked.refusal };
    return;
  }
  // What the next backup could take for a promise goes first.
  await rm(join(layout.backup(id), '.cellarman'), { recursive: true, force: true });
  await emptyDirectory(layout.backup(id), BARMANS, signal);

  // That took its time: others may have been made, kept or released meanwhile.
  const view = await readView(site);
  const others = view.backups.filter((each) => each.id !== id);
  yield* removeWalOf(site, view, others, backup);
  await mendOthers(site, backup, others, _server !== null);
  await forget(catalogue, marked);
  await hooks.after('delete', backupEnvironment(layout, backup, []), undefined, signal);
  yield { type: 'end', id, at: Date.now() };
  await rm(backupLockPath(locks, id), { force: true });
}

async function lockBackup(
  { locks }: Catalogue,
  id: string,
): Promise<HeldLock | { readonly refusal: Refusal }> {
  try {
    return await takeLock(backupLockPath(locks, id));
  } catch (error) {
    if (!isFailure(error, 'LOCKED')) throw error;
    const { pid } = error.facts as { readonly pid?: number };
    return { refusal: { why: 'in use', pid } };
  }
}

/**
 * Decides once more and lets the backup count as failed, one removal of the server at a time: two that go on side by side
 * must not both take the last backup that the minimum allows, and one that is kept by now stays.
 */
async function mark(site: RemovalSite, backup: Backup): Promise<Backup | { readonly refusal: Refusal }> {
  const { catalogue, signal } = site;
  using _decision = await waitForLock(serverLockPath(catalogue.locks, 'xlogdb'), signal);
  const decision = decideRemoval(backup, await readView(site));
  if ('refusal' in decision) return decision;
  await markBeingDeleted(catalogue.layout, backup);
  return await catalogue.update(backup, { status: 'FAILED', error: UNFINISHED });
}

const UNFINISHED = 'its removal was not finished; remove it again';
/** What Barman keeps inside the directory of a backup in older catalogues. */
const BARMANS = new Set(['backup.info', 'annotations']);

async function* removeWalOf(
  site: RemovalSite,
  view: View,
  others: readonly Backup[],
  { id, fields }: Backup,
): AsyncGenerator<RemovalEvent, void, void> {
  const { catalogue, hooks, signal } = site;
  if (leavesWal(site, view)) {
    if (view.damaged.length > 0) yield { type: 'wal left', damaged: view.damaged };
    return;
  }
  const entries = await readIndex(catalogue, view.backups);
  const names = entries.map(({ name }) => name);
  const gone = new Set(obsoleteWal(names, walNeeds(others, view.keeps), fields.begin_wal));
  const obsolete = entries.filter(({ name }) => gone.has(name));
  const index = await catalogue.walIndex(view.backups);
  for await (const name of removeWal(obsolete, catalogue.layout.wals, index, hooks, signal)) {
    yield { type: 'wal', id, name };
  }
}

async function forget({ layout }: Catalogue, { id, infoPath }: Backup): Promise<void> {
  await unmarkBeingDeleted(layout, id);
  await rm(join(layout.backup(id), 'annotations'), { recursive: true, force: true });
  for (const name of await namesIn(layout.meta)) {
    const path = join(layout.meta, name);
    if (name.startsWith(`${id}-`) && path !== infoPath) await rm(path, { force: true });
  }
  for (const path of [layout.info(id, 'base'), layout.info(id, 'meta')]) {
    if (path !== infoPath) await rm(path, { force: true });
  }
  if (infoPath === layout.info(id, 'meta')) await removeDirectory(layout.backup(id));
  await rm(infoPath, { force: true });
  if (infoPath !== layout.info(id, 'meta')) await removeDirectory(layout.backup(id));
}

/** It may never have been made. */
async function removeDirectory(path: string): Promise<void> {
  await rmdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw failure('IO', { path, detail: error.message }, error);
  });
}

/** Nobody may be making a backup while what it is made from goes: the newest one, and those that are not finished. */
async function lockServer(
  { locks }: Catalogue,
  { id }: Backup,
  backups: readonly Backup[],
): Promise<HeldLock | null> {
  const newest = backups.findLast(isCopied)?.id ?? '';
  return id < newest ? null : takeLock(serverLockPath(locks, 'backup'));
}

interface View {
  readonly backups: readonly Backup[];
  readonly damaged: readonly string[];
  readonly keeps: ReadonlyMap<string, Keep>;
  readonly minimumRedundancy: number;
}

async function readView({ catalogue, server }: Pick<RemovalSite, 'catalogue' | 'server'>): Promise<View> {
  const { backups, damaged } = await catalogue.read();
  const keeps = new Map<string, Keep>();
  for (const { id } of backups) {
    const keep = await readKeep(catalogue.layout, id);
    if (keep !== null) keeps.set(id, keep);
  }
  const { minimum_redundancy: minimumRedundancy } = server.options;
  return { backups, damaged: damaged.map(({ id }) => id), keeps, minimumRedundancy };
}

const leavesWal = ({ server }: Pick<RemovalSite, 'server'>, { damaged }: View): boolean =>
  server.options.worm_mode || damaged.length > 0;

async function readIndex(catalogue: Catalogue, backups: readonly Backup[]): Promise<WalEntry[]> {
  const entries: WalEntry[] = [];
  for await (const entry of (await catalogue.walIndex(backups)).entries(() => undefined)) entries.push(entry);
  return entries;
}
