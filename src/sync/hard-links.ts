import type { Entry, RelPath } from './entry.ts';

/** A name of a file that came under another name before. */
export interface Follower<N> {
  readonly path: RelPath;
  readonly leader: RelPath;
  readonly entry: Entry;
  readonly note: N;
}

/**
 * Finds the names of one file among those that are transferred (`-H`). The first name seen leads: it is transferred; the
 * others follow when it stands. Only a local source tells which names belong together.
 */
export class HardLinks<N> {
  readonly #leaders = new Map<string, RelPath>();
  readonly followers: Follower<N>[] = [];

  /** Whether the entry is another name of one seen before; then it has been noted as its follower. */
  follows(path: RelPath, entry: Entry, note: N): boolean {
    const { identity } = entry;
    if (entry.type !== 'file' || identity === undefined || identity.links < 2) return false;
    const key = `${identity.device}:${identity.inode}`;
    const leader = this.#leaders.get(key);
    if (leader === undefined) {
      this.#leaders.set(key, path);
      return false;
    }
    this.followers.push({ path, leader, entry, note });
    return true;
  }
}
