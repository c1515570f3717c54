import { manifestPath, OURS, treePath } from '../../src/snapshot/layout.ts';
import type { Endpoint } from '../../src/sync/endpoint.ts';
import type { Entry, RelPath } from '../../src/sync/entry.ts';
import type { RecordedEntry } from '../../src/sync/manifest/record.ts';
import { createManifestWriter } from '../../src/sync/manifest/writer.ts';
import { joinPath, ROOT } from '../../src/sync/path.ts';
import { byteString, fromText } from '../../src/system/byte-string.ts';
import { loadXxh64 } from '../../src/system/xxh64.ts';

export const SECOND = 1_000_000;
export const OLD = 1_600_000_000 * SECOND;
const ALL = { perms: true, times: true, owner: true, group: true };

export const path = (text: string): RelPath => fromText(text);

/** Paths and contents; a path that ends in `/` is a directory, a content `-> x` makes a symbolic link. */
export type Tree = Readonly<Record<string, string>>;

export async function plant(endpoint: Endpoint, base: string, tree: Tree): Promise<void> {
  await endpoint.makeDirectory(path(base), 0o755);
  for (const [name, content] of Object.entries(tree)) {
    const at = path(`${base}/${name.replace(/\/$/, '')}`);
    if (name.endsWith('/')) await endpoint.makeDirectory(at, 0o755);
    else if (content.startsWith('-> ')) await endpoint.symlink(at, path(content.slice(3)));
    else await write(endpoint, at, content);
  }
}

export async function write(endpoint: Endpoint, at: RelPath, content: string, mtime = OLD): Promise<void> {
  const file = await endpoint.create(at);
  await file.write(Buffer.from(content, 'latin1'));
  await file.setAttributes({ mode: 0o644, mtime });
  await file.close();
}

export async function read(endpoint: Endpoint, at: RelPath): Promise<Buffer> {
  const file = await endpoint.openRead(at);
  const blocks: Buffer[] = [];
  for await (const block of file.read(0, Number.MAX_SAFE_INTEGER)) blocks.push(Buffer.from(block));
  await file.close();
  return Buffer.concat(blocks);
}

/** Makes a tree that stands already a complete snapshot: writes its manifest, without sections for `unread` directories. */
export async function record(
  endpoint: Endpoint,
  id: string,
  finished = OLD,
  unread: readonly string[] = [],
): Promise<void> {
  if ((await endpoint.lookup(OURS)) === undefined) await endpoint.makeDirectory(OURS, 0o700);
  const newHash = await loadXxh64();
  const file = await endpoint.create(manifestPath(id));
  const writer = await createManifestWriter(file, {
    source: 'test',
    started: finished - SECOND,
    mtimePrecision: endpoint.capabilities.mtimePrecision,
    keeps: ALL,
  });
  const recorded = async (entry: Entry, at: RelPath): Promise<RecordedEntry> => {
    if (entry.type !== 'file') return { ...entry, hash: undefined, racy: false };
    const hash = newHash();
    hash.update(await read(endpoint, at));
    return { ...entry, hash: hash.digest(), racy: false };
  };
  const walk = async (at: RelPath, directory: Entry): Promise<void> => {
    const entries: RecordedEntry[] = [];
    const inTree = joinPath(treePath(id), at);
    for (const entry of await endpoint.list(inTree)) {
      entries.push(await recorded(entry, joinPath(inTree, entry.name)));
    }
    await writer.add({
      path: at,
      directory: { ...directory, name: byteString(directory.name), hash: undefined, racy: false },
      entries,
    });
    for (const entry of entries) {
      const below = joinPath(at, entry.name);
      if (entry.type === 'directory' && !unread.includes(below)) await walk(below, entry);
    }
  };
  const root = await endpoint.lookup(treePath(id));
  if (root === undefined) throw new Error(`there is no tree ${id}`);
  await walk(ROOT, { ...root, name: ROOT });
  await writer.finish({
    finished,
    newFiles: 0,
    newBytes: 0,
    linkedFiles: 0,
    linkedBytes: 0,
    failed: 0,
  });
  await file.close();
}

/** Everything in an endpoint, with content and attributes, by path. */
export async function dump(endpoint: Endpoint, base = ''): Promise<Record<string, unknown>> {
  const result: Record<string, unknown> = {};
  const walk = async (at: RelPath): Promise<void> => {
    for (const entry of await endpoint.list(at)) {
      const below = joinPath(at, entry.name);
      const { mode, uid, gid, mtime, target, type, identity } = entry;
      const content = type === 'file' ? (await read(endpoint, below)).toString('latin1') : undefined;
      result[below] = { mode, uid, gid, mtime, target, type, content, inode: identity?.inode };
      if (type === 'directory') await walk(below);
    }
  };
  await walk(path(base));
  return result;
}
