import type { ByteString } from '../../system/byte-string.ts';
import type { Attributes, Entry, EntryType } from '../entry.ts';

/** A file, directory or link of the in-memory tree, whatever names it has. Times are microseconds since the epoch. */
export class MemoryNode {
  readonly inode: number;
  readonly type: EntryType;
  readonly target: ByteString | undefined;
  /** Empty for everything but a directory. */
  readonly children = new Map<ByteString, MemoryNode>();
  #blocks: Buffer[] = [];
  mode: number;
  uid = 0;
  gid = 0;
  mtime: number;
  changed: number;
  links = 0;

  constructor(inode: number, type: EntryType, mode: number, target?: ByteString) {
    this.inode = inode;
    this.type = type;
    this.mode = mode;
    this.target = target;
    this.mtime = now();
    this.changed = this.mtime;
  }

  /** The content in one piece. */
  get content(): Buffer {
    const content = this.#blocks.length === 1 ? this.#blocks[0] : undefined;
    if (content !== undefined) return content;
    const whole = Buffer.concat(this.#blocks);
    this.#blocks = [whole];
    return whole;
  }

  append(block: Uint8Array): void {
    this.#blocks.push(Buffer.from(block));
    this.mtime = now();
    this.changed = this.mtime;
  }

  /** As the system calls do it: a change of owner takes a file's set-id bits away. */
  set({ uid, gid, mode, mtime }: Attributes): void {
    if ((uid !== undefined || gid !== undefined) && this.type === 'file') this.mode &= 0o1777;
    this.uid = uid ?? this.uid;
    this.gid = gid ?? this.gid;
    if (this.type !== 'symlink') this.mode = mode ?? this.mode;
    this.mtime = mtime ?? this.mtime;
    this.changed = now();
  }

  add(name: ByteString, child: MemoryNode): void {
    this.children.set(name, child);
    child.links++;
    this.#contentChanged();
  }

  delete(name: ByteString): void {
    const child = this.children.get(name);
    if (child !== undefined) child.links--;
    this.children.delete(name);
    this.#contentChanged();
  }

  entry(name: ByteString, precision: number, withIdentity: boolean): Entry {
    return {
      name,
      type: this.type,
      mode: this.mode,
      size: this.type === 'file' ? this.content.length : 0,
      mtime: Math.floor(this.mtime / precision) * precision,
      uid: this.uid,
      gid: this.gid,
      target: this.target,
      identity: withIdentity
        ? { device: 1, inode: this.inode, links: this.links, changed: this.changed }
        : undefined,
    };
  }

  #contentChanged(): void {
    this.mtime = now();
    this.changed = this.mtime;
  }
}

const now = (): number => Date.now() * 1000;
