import type { OwnerNames, Site } from './endpoints/site.ts';
import type { Entry } from './entry.ts';

/**
 * Translates owners from one machine's numbers to another's: by name where both know it, else by number; uid and gid 0
 * stay what they are. rsync(1), `--numeric-ids`.
 */
export class OwnerMap {
  readonly #from: Site;
  readonly #to: Site;
  readonly #users = new Map<number, number>([[0, 0]]);
  readonly #groups = new Map<number, number>([[0, 0]]);
  #known: Promise<{ readonly users: Map<string, number>; readonly groups: Map<string, number> }> | undefined;

  constructor(from: Site, to: Site) {
    this.#from = from;
    this.#to = to;
  }

  async map(entries: readonly Entry[]): Promise<readonly Entry[]> {
    await this.#learn(entries);
    return entries.map((entry) => {
      const uid = this.#users.get(entry.uid) ?? entry.uid;
      const gid = this.#groups.get(entry.gid) ?? entry.gid;
      return uid === entry.uid && gid === entry.gid ? entry : { ...entry, uid, gid };
    });
  }

  async #learn(entries: readonly Entry[]): Promise<void> {
    const uids = new Set<number>();
    const gids = new Set<number>();
    for (const { uid, gid } of entries) {
      if (!this.#users.has(uid)) uids.add(uid);
      if (!this.#groups.has(gid)) gids.add(gid);
    }
    if (uids.size === 0 && gids.size === 0) return;
    this.#known ??= this.#to.allOwners().then(byName);
    const [names, known] = await Promise.all([this.#from.ownerNames([...uids], [...gids]), this.#known]);
    for (const uid of uids) this.#users.set(uid, known.users.get(names.users.get(uid) ?? '') ?? uid);
    for (const gid of gids) this.#groups.set(gid, known.groups.get(names.groups.get(gid) ?? '') ?? gid);
  }
}

function byName({ users, groups }: OwnerNames): { users: Map<string, number>; groups: Map<string, number> } {
  const turn = (names: ReadonlyMap<number, string>): Map<string, number> =>
    new Map([...names].reverse().map(([id, name]) => [name, id]));
  return { users: turn(users), groups: turn(groups) };
}
