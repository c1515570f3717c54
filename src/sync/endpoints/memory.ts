import { type ByteString, byteString, toText } from '../../system/byte-string.ts';
import { failure, isFailure } from '../../system/errors.ts';
import type { Capabilities, Endpoint, ReadFile, Space, WriteFile } from '../endpoint.ts';
import type { Attributes, Entry, EntryType, RelPath } from '../entry.ts';
import { memoryReadFile, memoryWriteFile } from './memory-files.ts';
import { MemoryNode } from './memory-node.ts';
import { nameOf, parentOf, refuseUnsafe } from './names.ts';

type Operation = Exclude<keyof Endpoint, 'capabilities' | 'name'>;

export interface MemoryOptions {
  readonly name?: string;
  readonly capabilities?: Partial<Capabilities>;
  readonly space?: Space;
  /** Called before every call, which then waits for it and rejects with what it throws. */
  readonly before?: (operation: Operation, path: RelPath) => void | Promise<void>;
}

const ROOT: RelPath = byteString('');
const NAME_MAX = 255;
const LINKS_FOLLOWED = 40;

/** A tree in memory: the contract of an Endpoint as executable text, and the ground of the engine's tests. */
export class MemoryEndpoint implements Endpoint {
  readonly capabilities: Capabilities;
  readonly name: string;
  readonly #before: NonNullable<MemoryOptions['before']>;
  readonly #space: Space | undefined;
  readonly #root: MemoryNode;
  #inodes = 1;
  #closed = false;

  constructor({ name = 'memory:', capabilities, space, before = () => {} }: MemoryOptions = {}) {
    this.name = name;
    this.capabilities = {
      mtimePrecision: 1,
      hardLinks: true,
      atomicReplace: true,
      durable: true,
      symlinkAttributes: true,
      identity: true,
      concurrency: 1,
      ...capabilities,
    };
    this.#space = space;
    this.#before = before;
    this.#root = this.#node('directory', 0o755);
  }

  /** What the contract has no call for. */
  makeSpecial(path: RelPath, type: Extract<EntryType, 'fifo' | 'socket' | 'device'>): void {
    this.#insert(path, this.#node(type, 0o600));
  }

  async list(directory: RelPath): Promise<Entry[]> {
    await this.#begin('list', directory);
    const names = [...this.#directory(directory).children];
    return names.map(([name, node]) => this.#entry(name, node)).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async lookup(path: RelPath): Promise<Entry | undefined> {
    await this.#begin('lookup', path);
    return this.#orNothing(() => this.#entry(nameOf(path), this.#at(path)));
  }

  async follow(path: RelPath): Promise<Entry | undefined> {
    await this.#begin('follow', path);
    return this.#orNothing(() => this.#entry(nameOf(path), this.#follow(path)));
  }

  async openRead(path: RelPath): Promise<ReadFile> {
    await this.#begin('openRead', path);
    const node = this.#at(path);
    if (node.type === 'symlink') throw failure('SYMLINK_IN_PATH', { path: this.#text(path) });
    if (node.type === 'directory') throw failure('IS_A_DIRECTORY', { path: this.#text(path) });
    return memoryReadFile(node, () => this.#entry(nameOf(path), node));
  }

  async create(path: RelPath): Promise<WriteFile> {
    await this.#begin('create', path);
    const node = this.#node('file', 0o600);
    this.#insert(path, node);
    return memoryWriteFile(node, this.#text(path));
  }

  async makeDirectory(path: RelPath, mode: number): Promise<void> {
    await this.#begin('makeDirectory', path);
    this.#insert(path, this.#node('directory', mode));
  }

  async symlink(path: RelPath, target: RelPath): Promise<void> {
    await this.#begin('symlink', path);
    this.#insert(path, this.#node('symlink', 0o777, target));
  }

  async link(existing: RelPath, path: RelPath): Promise<void> {
    await this.#begin('link', path);
    if (!this.capabilities.hardLinks) {
      throw failure('UNSUPPORTED', { operation: 'link', where: this.name });
    }
    const node = this.#at(existing);
    if (node.type === 'directory') throw failure('PERMISSION_DENIED', { path: this.#text(path) });
    this.#insert(path, node);
  }

  async rename(from: RelPath, to: RelPath): Promise<void> {
    await this.#begin('rename', from);
    const node = this.#at(from);
    const [parent, name] = this.#place(to);
    const old = parent.children.get(name);
    // rename(2): two names of one file stay two names.
    if (old === node) return;
    if (`${to}/`.startsWith(`${from}/`)) {
      throw failure('IO', { path: this.#text(to), detail: 'a directory cannot be moved into itself' });
    }
    if (old !== undefined && (old.type === 'directory' || node.type === 'directory')) {
      throw failure('EXISTS', { path: this.#text(to) });
    }
    if (old !== undefined) parent.delete(name);
    this.#directory(parentOf(from)).delete(nameOf(from));
    parent.add(name, node);
  }

  async setAttributes(path: RelPath, attributes: Attributes): Promise<void> {
    await this.#begin('setAttributes', path);
    const node = this.#at(path);
    if (node.type === 'file' && node.links > 1) throw failure('SHARED_FILE', { path: this.#text(path) });
    if (node.type === 'symlink' && !this.capabilities.symlinkAttributes) {
      throw failure('UNSUPPORTED', { operation: 'attributes of a symbolic link', where: this.name });
    }
    node.set(attributes);
  }

  async removeFile(path: RelPath): Promise<void> {
    await this.#begin('removeFile', path);
    if (this.#at(path).type === 'directory') throw failure('IS_A_DIRECTORY', { path: this.#text(path) });
    this.#directory(parentOf(path)).delete(nameOf(path));
  }

  async removeDirectory(path: RelPath): Promise<void> {
    await this.#begin('removeDirectory', path);
    if (this.#directory(path).children.size > 0) throw failure('NOT_EMPTY', { path: this.#text(path) });
    if (path === ROOT) throw failure('BUSY', { path: this.#text(path) });
    this.#directory(parentOf(path)).delete(nameOf(path));
  }

  async syncDirectory(path: RelPath): Promise<void> {
    await this.#begin('syncDirectory', path);
    this.#directory(path);
  }

  async space(): Promise<Space | undefined> {
    await this.#begin('space', ROOT);
    return this.#space;
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  async #begin(operation: Operation, path: RelPath): Promise<void> {
    if (this.#closed) throw failure('INTERNAL', { detail: `the endpoint ${this.name} is closed` });
    await this.#before(operation, path);
  }

  #node(type: EntryType, mode: number, target?: ByteString): MemoryNode {
    return new MemoryNode(this.#inodes++, type, mode, target);
  }

  /** Without following. */
  #at(path: RelPath): MemoryNode {
    if (path === ROOT) return this.#root;
    const name = nameOf(path);
    refuseUnsafe(name, this.name);
    const node = this.#directory(parentOf(path)).children.get(name);
    if (node === undefined) throw failure('NOT_FOUND', { path: this.#text(path) });
    return node;
  }

  #directory(path: RelPath): MemoryNode {
    const node = this.#at(path);
    if (node.type === 'symlink') throw failure('SYMLINK_IN_PATH', { path: this.#text(path) });
    if (node.type !== 'directory') throw failure('NOT_A_DIRECTORY', { path: this.#text(path) });
    return node;
  }

  /** stat(2) within the tree: what a link leads out to does not exist here. */
  #follow(path: RelPath): MemoryNode {
    let links = LINKS_FOLLOWED;
    /** From a real directory to the real path of what `target` leads to. */
    const walk = (from: RelPath, target: ByteString): RelPath => {
      if (target.startsWith('/')) throw failure('NOT_FOUND', { path: this.#text(path) });
      return target.split('/').reduce<RelPath>((real, part) => {
        if (part === '' || part === '.') return real;
        if (part === '..') return parentOf(real);
        const next = byteString(real === ROOT ? part : `${real}/${part}`);
        const link = this.#at(next).target;
        if (link === undefined) return next;
        if (links-- === 0) throw failure('SYMLINK_LOOP', { path: this.#text(path) });
        return walk(real, link);
      }, from);
    };
    const node = this.#at(path);
    return node.target === undefined ? node : this.#at(walk(parentOf(path), node.target));
  }

  #place(path: RelPath): [parent: MemoryNode, name: ByteString] {
    const name = nameOf(path);
    refuseUnsafe(name, this.name);
    if (name.length > NAME_MAX) throw failure('NAME_TOO_LONG', { path: this.#text(path) });
    return [this.#directory(parentOf(path)), name];
  }

  #insert(path: RelPath, node: MemoryNode): void {
    if (path === ROOT) throw failure('EXISTS', { path: this.name });
    const [parent, name] = this.#place(path);
    if (parent.children.has(name)) throw failure('EXISTS', { path: this.#text(path) });
    parent.add(name, node);
  }

  #orNothing(find: () => Entry): Entry | undefined {
    try {
      return find();
    } catch (error) {
      if (isFailure(error, 'NOT_FOUND', 'NOT_A_DIRECTORY')) return undefined;
      throw error;
    }
  }

  #entry(name: ByteString, node: MemoryNode): Entry {
    return node.entry(name, this.capabilities.mtimePrecision, this.capabilities.identity);
  }

  #text(path: RelPath): string {
    return path === ROOT ? this.name : `${this.name}/${toText(path)}`;
  }
}
