import { setImmediate as turn } from 'node:timers/promises';
import { checkAborted } from '../system/abort.ts';
import { byteString, toText } from '../system/byte-string.ts';
import { CellarmanError, failure } from '../system/errors.ts';
import { Batching, type NotedBatch } from './batching.ts';
import { Directories, isUsable } from './directories.ts';
import type { Entry, RelPath } from './entry.ts';
import { followLeaders } from './followers.ts';
import { HardLinks } from './hard-links.ts';
import { Scheduler } from './lanes/scheduler.ts';
import type { BatchResult } from './lanes/task.ts';
import { Note } from './note.ts';
import { Outcomes } from './outcomes.ts';
import { joinPath, ROOT } from './path.ts';
import { type Loaded, type Place, placeWalker, topPlace } from './place.ts';
import { attributeChanges, type BasisListing, type DirectoryPlan, planDirectory, type Step } from './plan.ts';
import { Recorder, recorded } from './recorder.ts';
import { Removal } from './removal.ts';
import type { SyncReport } from './report.ts';
import { isOfPath } from './run-failure.ts';
import { Selection } from './selection.ts';
import { settle } from './settle.ts';
import { attributesFor, hashOf, type TaskRules, taskFor } from './task-for.ts';
import type { TransferSetup } from './transfer-setup.ts';
import { walk } from './walk.ts';

/** Entries that may be loaded ahead of their turn: several round trips' worth at a distance. */
const MOST_AHEAD = 10_000;
/** Milliseconds for which a walk may keep the thread: signals, and what lanes have to tell, wait meanwhile. */
const LONGEST_STRETCH = 50;

/** Makes the destination equal to the source: walks, plans, hands out the work, and does at the end what has to come last. */
export function transfer(setup: TransferSetup): Promise<SyncReport> {
  return new Transfer(setup).run();
}

class Transfer {
  readonly #setup: TransferSetup;
  readonly #taskRules: TaskRules;
  readonly #selection: Selection;
  readonly #outcomes: Outcomes;
  readonly #scheduler: Scheduler<Note>;
  readonly #directories: Directories;
  readonly #hardLinks: HardLinks<Note> | undefined;
  readonly #recorder: Recorder | undefined;
  readonly #removal: Removal | undefined;
  readonly #extraneous: { readonly path: RelPath; readonly entry: Entry }[] = [];
  /** Part of the source could not be read: what it does not show may still be there. */
  #incomplete = false;

  constructor(setup: TransferSetup) {
    const { destination, base, tally, removal, dryRun } = setup;
    this.#setup = setup;
    this.#taskRules = {
      rules: setup.rules,
      umask: setup.umask,
      knowsLinks: destination.capabilities.identity,
    };
    this.#outcomes = new Outcomes(setup);
    this.#selection = new Selection(setup, (_, error) => tally.warning(error.message));
    this.#scheduler = new Scheduler(setup.lanes, (noted, result) => this.#settle(noted, result));
    this.#directories = new Directories(destination, base, (path, error) =>
      this.#outcomes.problem(path, error),
    );
    this.#hardLinks = setup.hardLinks ? new HardLinks() : undefined;
    this.#recorder = setup.record === undefined ? undefined : new Recorder(setup.record);
    if (removal !== undefined) {
      this.#removal = new Removal(
        destination,
        base,
        { filter: removal.filter, most: removal.most, dryRun },
        (path, entry) => this.#removed(path, entry),
        (path, error) => this.#outcomes.problem(path, error),
      );
    }
  }

  async run(): Promise<SyncReport> {
    const { signal, tally, dryRun } = this.#setup;
    await this.#walk();
    tally.scanEnded();
    await this.#scheduler.drain();
    if (this.#hardLinks !== undefined) {
      const orphans = await followLeaders(this.#setup, this.#hardLinks.followers, this.#outcomes);
      for (const noted of orphans) await this.#scheduler.add(noted);
      await this.#scheduler.drain();
    }
    if (this.#outcomes.fresh.length > 0) await this.#settleFresh();
    if (this.#removal !== undefined) await this.#remove(this.#removal);
    if (!dryRun) await this.#directories.finish(signal);
    await this.#recorder?.settled();
    return tally.end();
  }

  async #settleFresh(): Promise<void> {
    const clock = (await this.#setup.settle?.()) ?? this.#setup.clock;
    for (const noted of await settle(this.#setup, clock, this.#outcomes.fresh))
      await this.#scheduler.add(noted);
    await this.#scheduler.drain();
  }

  async #walk(): Promise<void> {
    const { source, destination, signal, dryRun } = this.#setup;
    const top = topPlace(this.#setup, await source.top());
    if (top.entry !== undefined && top.existing !== undefined && !dryRun)
      await this.#directories.open(ROOT, top.existing, top.standing);
    const walker = placeWalker(this.#setup);
    const endpoints = [destination, ...source.roots.map((root) => root.endpoint)];
    const directories = Math.max(...endpoints.map(({ capabilities }) => capabilities.concurrency));
    let turned = performance.now();
    for await (const { context, value } of walk(top, walker, { directories, maxWeight: MOST_AHEAD })) {
      if (performance.now() - turned > LONGEST_STRETCH) {
        await turn();
        turned = performance.now();
      }
      checkAborted(signal);
      await this.#visit(context, value);
    }
  }

  async #visit(place: Place, loaded: Loaded): Promise<void> {
    const { path } = place;
    if (loaded.existing instanceof CellarmanError) {
      this.#outcomes.problem(path, loaded.existing);
      if (place.entry !== undefined) this.#finishLater(place, place.entry, false);
      return;
    }
    for (const error of loaded.source.failures) {
      this.#incomplete = true;
      this.#outcomes.problem(path, error);
    }
    const { failures, entries, outside } = loaded.source;
    // Nothing is known of what is in it: what stands in the destination stays as it is.
    if (outside || (failures.length > 0 && entries.length === 0)) {
      if (this.#setup.removal?.always === true) {
        for (const entry of loaded.existing)
          this.#extraneous.push({ path: joinPath(path, entry.name), entry });
      }
      if (place.entry !== undefined && (await place.standing)) this.#finishLater(place, place.entry, false);
      return;
    }
    const chosen = this.#selection.choose(path, loaded.source);
    this.#setup.tally.scanned(chosen.entries.length);
    const plan = await this.#plan(place, chosen.entries, loaded.existing, loaded.bases);
    if (!(await place.standing)) return;
    const listing = this.#recorder?.begin(path, place.entry ?? TOP, plan.steps.length);
    const batching = new Batching<Note>(path);
    let touched = false;
    for (let index = 0; index < plan.steps.length; index++) {
      const step = plan.steps[index] as Step;
      const roots = chosen.roots?.[index] ?? place.roots;
      const note = new Note(step, path, listing, index, roots[0] ?? 0);
      const begun = this.#begin(place, note, roots, batching);
      // Hardly any has to be waited for, and waiting costs more than most steps.
      const changed = typeof begun === 'boolean' ? begun : await begun;
      touched ||= changed;
      // Lanes have work long before a large directory is gone through.
      if (batching.hasFull) await this.#handOut(batching.takeFull());
    }
    // A destination that is given single entries holds others that no source has a say in.
    if (this.#removal !== undefined && place.entry !== undefined) {
      const extraneous = plan.extraneous.filter(({ name }) => !chosen.skipped.has(name));
      for (const entry of extraneous) this.#extraneous.push({ path: joinPath(path, entry.name), entry });
      touched ||= extraneous.length > 0;
    }
    if (place.entry !== undefined) this.#finishLater(place, place.entry, touched);
    await this.#handOut(batching.batches(place.roots[0] ?? 0));
    listing?.close();
  }

  async #handOut(batches: readonly NotedBatch<Note>[]): Promise<void> {
    for (const noted of batches) await this.#scheduler.add(noted);
  }

  async #plan(
    place: Place,
    entries: readonly Entry[],
    existing: readonly Entry[],
    listed: Loaded['bases'],
  ): Promise<DirectoryPlan> {
    const { recall, bases, rules } = this.#setup;
    const { path } = place;
    const standing = place.existing === undefined ? undefined : await recall?.(path, existing);
    const basisListings: BasisListing[] = [];
    for (const [i, basis] of bases.entries()) {
      const entries = (await basis.recall?.(path)) ?? listed[i] ?? [];
      basisListings.push({ use: basis.use, entries, horizon: basis.horizon });
    }
    return planDirectory(entries, standing?.entries ?? existing, basisListings, rules, standing?.recorded);
  }

  /** Starts on one step; tells whether the directory it is in changes by it. */
  #begin(
    place: Place,
    note: Note,
    roots: readonly number[],
    batching: Batching<Note>,
  ): boolean | Promise<boolean> {
    const { step, listing, index } = note;
    const { entry } = step;
    const { tally } = this.#setup;
    tally.report.entries[entry.type]++;
    if (entry.type === 'file') tally.report.totalBytes += entry.size;
    if (entry.type === 'directory') {
      listing?.settle(index, recorded(entry, undefined, false));
      this.#beginDirectory(place, note, roots);
      return step.kind === 'directory';
    }
    if (step.kind !== 'blocked' && this.#hardLinks?.follows(note.path, entry, note) === true) {
      listing?.expect();
      return true;
    }
    switch (step.kind) {
      case 'none':
        return this.#keep(note, batching);
      case 'drop':
        return this.#drop(note);
      case 'blocked':
        return this.#unblock(note, batching);
      case 'link':
        listing?.expect();
        if (
          step.existing === undefined &&
          (listing === undefined || entry.type === 'symlink' || hashOf(step.known) !== undefined)
        ) {
          batching.link(note.root, step.basis, entry, note);
          return true;
        }
        break;
      default:
        listing?.expect();
        if (step.kind === 'copy' && step.basis < 0) tally.expect(entry.size);
    }
    this.#hand(note, batching);
    return step.kind !== 'attributes';
  }

  #hand(note: Note, batching: Batching<Note>): void {
    const name = this.#setup.source.sourceName(note.path, note.root);
    batching.add(note.root, taskFor(note.step, this.#taskRules, name), note);
  }

  #beginDirectory(place: Place, { step, path }: Note, roots: readonly number[]): void {
    const { dryRun, bases, tally } = this.#setup;
    const { entry, existing } = step;
    const made = step.kind === 'directory';
    if (made) tally.report.created.directory++;
    if (step.kind !== 'none') {
      const action = made ? 'directory' : 'attributes';
      tally.entry({ type: 'entry', action, path, kind: 'directory', changes: step.changes, size: 0 });
    }
    const standing = dryRun
      ? Promise.resolve(true)
      : made || existing === undefined
        ? this.#directories.make(path, entry.mode, place.standing, existing)
        : this.#directories.open(path, existing, place.standing);
    // Awaited at its turn.
    standing.catch(() => {});
    place.children.push({
      path,
      entry,
      existing: made ? undefined : existing,
      roots,
      inBasis: bases.map((basis, i) => basis.recall === undefined && place.inBasis[i] === true),
      standing,
      children: [],
    });
  }

  #finishLater(place: Place, entry: Entry, touched: boolean): void {
    const { path, existing } = place;
    const { rules, tally, syncDirectories } = this.#setup;
    const changes = existing === undefined ? [] : attributeChanges(entry, existing, rules);
    if (path === ROOT && changes.length > 0) {
      tally.entry({ type: 'entry', action: 'attributes', path, kind: 'directory', changes, size: 0 });
    }
    // One that was made usable gets its mode back, whatever else became of it.
    if (existing === undefined || touched || changes.length > 0 || !isUsable(existing.mode)) {
      this.#directories.finishLater(path, attributesFor({ entry, existing }, this.#taskRules));
    }
    if (syncDirectories && (existing === undefined || touched)) this.#directories.syncLater(path);
  }

  /** It stands already; only a manifest may still want its hash. */
  #keep(note: Note, batching: Batching<Note>): boolean {
    const { step, listing, index } = note;
    if (listing === undefined) return false;
    const { entry, known, existing } = step;
    // Held by a `--compare-dest` tree only: it is not in the destination.
    if (existing === undefined) return false;
    if (entry.type === 'file' && hashOf(known) === undefined) {
      listing.expect();
      this.#hand(note, batching);
    } else {
      listing.settle(
        index,
        recorded(entry, hashOf(known), known !== undefined && 'racy' in known && known.racy),
      );
    }
    return false;
  }

  async #drop({ path }: Note): Promise<boolean> {
    const { destination, base, dryRun } = this.#setup;
    if (!dryRun) await destination.removeFile(joinPath(base, path)).catch(this.#report(path));
    return true;
  }

  /** A directory stands where a file shall be: it goes where it is empty, and otherwise where removals are allowed. */
  async #unblock(note: Note, batching: Batching<Note>): Promise<boolean> {
    const { step, path, listing } = note;
    const { existing, entry } = step;
    const gone =
      existing !== undefined &&
      (this.#removal === undefined
        ? await this.#removeEmpty(path)
        : await this.#removal.remove(path, existing, this.#setup.signal));
    if (!gone) {
      this.#outcomes.problem(path, failure('DIRECTORY_IN_THE_WAY', { path: toText(path) }));
      return false;
    }
    const kind = entry.type === 'symlink' ? 'symlink' : 'copy';
    listing?.expect();
    this.#hand(note.with({ kind, existing: undefined }), batching);
    return true;
  }

  /** As rmdir(2) does; false where something is in it. */
  async #removeEmpty(path: RelPath): Promise<boolean> {
    const { destination, base, dryRun } = this.#setup;
    const directory = joinPath(base, path);
    try {
      if ((await destination.list(directory)).length > 0) return false;
      if (!dryRun) await destination.removeDirectory(directory);
      return true;
    } catch (error) {
      if (!isOfPath(error)) throw error;
      return false;
    }
  }

  #settle({ batch, notes }: NotedBatch<Note>, { results, unlinked }: BatchResult): void {
    if (batch.links === undefined) {
      for (const [i, note] of notes.entries()) {
        const result = results[i];
        if (result !== undefined) this.#outcomes.settle(note, result);
      }
      this.#setup.onBatch?.();
      return;
    }
    const failed = new Set(unlinked.map(({ name }) => name));
    const again = new Batching<Note>(batch.directory);
    for (const note of notes) {
      if (!failed.has(note.step.entry.name)) this.#outcomes.linked(note);
      else this.#hand(note.with({ kind: note.step.entry.type === 'symlink' ? 'symlink' : 'copy' }), again);
    }
    // A failure of the run shows in `drain`.
    for (const noted of again.batches(batch.root)) this.#scheduler.add(noted).catch(() => {});
  }

  /** After the transfer: nothing is lost for something that then does not arrive. */
  async #remove(removal: Removal): Promise<void> {
    const { tally, signal } = this.#setup;
    if (this.#extraneous.length === 0) return;
    if (this.#incomplete && this.#setup.removal?.always !== true) {
      tally.report.removalsStopped = true;
      return;
    }
    for (const { path, entry } of this.#extraneous.reverse()) await removal.remove(path, entry, signal);
    tally.report.removalsSkipped = removal.skipped;
  }

  #removed(path: RelPath, { type }: Entry): void {
    const { tally } = this.#setup;
    tally.report.removed[type]++;
    tally.entry({ type: 'entry', action: 'remove', path, kind: type, changes: [], size: 0 });
  }

  #report(path: RelPath): (error: unknown) => void {
    return (error) => {
      if (!isOfPath(error)) throw error;
      this.#outcomes.problem(path, error);
    };
  }
}

/** Stands for a destination that is not the copy of any directory. */
const TOP: Entry = {
  name: byteString(''),
  type: 'directory',
  mode: 0o755,
  size: 0,
  mtime: 0,
  uid: 0,
  gid: 0,
  target: undefined,
  identity: undefined,
};
