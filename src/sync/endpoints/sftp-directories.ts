import type { SessionPool } from '../../ssh/sftp/session-pool.ts';
import { failure } from '../../system/errors.ts';
import type { RelPath } from '../entry.ts';
import { parentOf } from './names.ts';
import { typeOf } from './sftp-entry.ts';
import type { SftpPlaces } from './sftp-places.ts';

/** Directories remembered; beyond, all are asked for anew. */
const MOST = 100_000;

/**
 * Which paths were seen to be real directories, all the way down from the root. SFTP has no way to hold a directory open and go
 * on from there, so that this is a check and not a lock: who can write in the tree can still swap a directory for a
 * link between the check and the use.
 */
export class SftpDirectories {
  readonly #sessions: SessionPool;
  readonly #places: SftpPlaces;
  readonly #known = new Set<RelPath>();
  readonly #checks = new Map<RelPath, Promise<void>>();
  /** Counts what was forgotten: a check that was under way meanwhile is not remembered. */
  #age = 0;

  constructor(sessions: SessionPool, places: SftpPlaces) {
    this.#sessions = sessions;
    this.#places = places;
  }

  /**
   * Undefined where `path` is known to be a directory; otherwise a promise of it. NOT_FOUND, NOT_A_DIRECTORY,
   * SYMLINK_IN_PATH. The root is what it is.
   */
  check(path: RelPath): Promise<void> | undefined {
    if (path === '' || this.#known.has(path)) return undefined;
    const before = this.#checks.get(path);
    if (before !== undefined) return before;
    const check: Promise<void> = this.#check(path).finally(() => {
      if (this.#checks.get(path) === check) this.#checks.delete(path);
    });
    this.#checks.set(path, check);
    return check;
  }

  /** `path` was made or listed. */
  add(path: RelPath): void {
    if (this.#known.size >= MOST) this.#known.clear();
    this.#known.add(path);
  }

  /** An empty directory was removed. */
  remove(path: RelPath): void {
    this.#drop(path);
  }

  /** `path` may be something else from now on, and so may all below it. */
  forget(path: RelPath): void {
    // Nothing below is known or being checked without the directory itself: the many renames of files end here.
    if (!this.#drop(path)) return;
    const below = `${path}/`;
    for (const known of this.#known) if (known.startsWith(below)) this.#known.delete(known);
    for (const checked of this.#checks.keys()) if (checked.startsWith(below)) this.#checks.delete(checked);
  }

  #drop(path: RelPath): boolean {
    const known = this.#known.delete(path);
    const checked = this.#checks.delete(path);
    if (known || checked) this.#age++;
    return known || checked;
  }

  async #check(path: RelPath): Promise<void> {
    const place = this.#places.place(path);
    const age = this.#age;
    // All components leave in one write. One behind a link is asked for in vain, which harms nothing.
    const [parent, attributes] = await Promise.allSettled([
      this.check(parentOf(path)),
      this.#sessions.pick().lstat(place),
    ]);
    if (parent.status === 'rejected') throw parent.reason;
    if (attributes.status === 'rejected') throw attributes.reason;
    const type = typeOf(attributes.value.mode ?? 0);
    if (type === 'symlink') throw failure('SYMLINK_IN_PATH', { path: this.#places.text(path) });
    if (type !== 'directory') throw failure('NOT_A_DIRECTORY', { path: this.#places.text(path) });
    if (age === this.#age) this.add(path);
  }
}
