import {
  type ChecksumAlgorithm,
  type ManifestFile,
  type ManifestHeader,
  manifestVersion,
  type WalRange,
} from '../../postgres/backup-manifest/types.ts';
import { createManifestWriter } from '../../postgres/backup-manifest/writer.ts';
import type { Endpoint } from '../../sync/endpoint.ts';
import type { EndpointSpec } from '../../sync/endpoints/spec.ts';
import type { Entry, RelPath } from '../../sync/entry.ts';
import { joinPath, nameOf, parentOf } from '../../sync/path.ts';
import { type ByteString, byteString, toText } from '../../system/byte-string.ts';
import { type CellarmanError, failure } from '../../system/errors.ts';
import { clusterPath } from '../page-inspection/cluster-path.ts';
import { readTree, walkTree } from '../page-inspection/read-tree.ts';
import { BACKUP_MANIFEST, isOutsideManifest } from './manifest-path.ts';
import { type ManifestContent, readManifestOf } from './read.ts';

export interface ManifestOrder {
  /** The backup's directory: `data/`, and a directory for each tablespace. */
  readonly tree: Endpoint;
  readonly spec: EndpointSpec | undefined;
  readonly systemIdentifier: string;
  readonly major: number;
  /** One for each timeline, the newest first. */
  readonly ranges: readonly WalRange[];
  readonly algorithm: ChecksumAlgorithm;
  /** Checksums that were taken when the files were copied, by their paths in the tree. */
  readonly taken: ReadonlyMap<RelPath, string>;
  /** An older backup's tree: files that are the same one are not read if its own manifest has them. */
  readonly basis: Endpoint | undefined;
  /** Worker threads. */
  readonly jobs: number;
  readonly signal: AbortSignal;
}

/**
 * Writes `data/backup_manifest` as PostgreSQL's own base backup has it, so that pg_verifybackup of the same major accepts
 * the backup: what lies in tablespaces stands there below `pg_tblspc`, where a restored cluster has it. Reads what nobody
 * has read. EXISTS where there is one already, codes of paths for what cannot be read.
 */
export async function generateManifest(order: ManifestOrder): Promise<{ readonly files: number }> {
  const { tree, systemIdentifier, major, ranges, algorithm } = order;
  if ((await tree.lookup(BACKUP_MANIFEST)) !== undefined) {
    throw failure('EXISTS', { path: `${tree.name}/${toText(BACKUP_MANIFEST)}` });
  }
  const header: ManifestHeader = { version: manifestVersion(major), systemIdentifier };
  const writer = createManifestWriter(header);
  const blocks = [writer.begin()];
  let files = 0;
  await checksumFiles(order, ({ path, size, mtime }, hex) => {
    files++;
    blocks.push(
      writer.file({ path, size, modified: Math.floor(mtime / 1_000_000), checksum: { algorithm, hex } }),
    );
  });
  blocks.push(writer.end(ranges));
  await writeWhole(tree, BACKUP_MANIFEST, blocks);
  return { files };
}

interface ClusterFile {
  /** In the cluster. */
  readonly path: ByteString;
  readonly size: number;
  /** Microseconds. */
  readonly mtime: number;
}

async function checksumFiles(
  order: ManifestOrder,
  onFile: (file: ClusterFile, hex: string) => void,
): Promise<void> {
  const { tree, spec, algorithm, taken, basis, jobs, signal } = order;
  const known = basis === undefined ? undefined : await readManifestOf(basis).catch(() => undefined);
  let failed: CellarmanError | undefined;
  await readTree<ClusterFile>(
    { tree, spec, inspection: { pages: undefined, algorithms: [algorithm] }, jobs, signal },
    walkTree(tree, byteString(''), isOfCluster),
    async ({ path: directory, entries }) => {
      const before = basis === undefined || known === undefined ? undefined : await listed(basis, directory);
      const unread: { readonly entry: Entry; readonly note: ClusterFile }[] = [];
      for (const entry of entries) {
        const path = joinPath(directory, entry.name);
        const inCluster = clusterPath(path);
        if (entry.type !== 'file' || inCluster === undefined || isOutsideManifest(inCluster)) continue;
        const file = { path: inCluster, size: entry.size, mtime: entry.mtime };
        const hex = taken.get(path) ?? vouched(known, before?.get(entry.name), entry, file, algorithm);
        if (hex === undefined) unread.push({ entry, note: file });
        else onFile(file, hex);
      }
      return unread;
    },
    (_, __, { finding, error }, file) => {
      failed ??= error;
      const hex = finding?.checksums[algorithm];
      if (hex !== undefined) onFile(file, hex);
    },
  );
  if (failed !== undefined) throw failed;
}

/** `data/` and the tablespaces; what else lies in a backup's directory is not the cluster's. */
function isOfCluster(path: RelPath): boolean {
  return path.includes('/') || path === 'data' || /^[1-9]\d*$/.test(path);
}

async function listed(basis: Endpoint, directory: RelPath): Promise<ReadonlyMap<ByteString, Entry>> {
  const entries = await basis.list(directory).catch(() => []);
  return new Map(entries.map((entry) => [entry.name, entry]));
}

/** What the basis' manifest says of a file that is one and the same. */
function vouched(
  known: ManifestContent | undefined,
  before: Entry | undefined,
  now: Entry,
  { path, size }: ClusterFile,
  algorithm: ChecksumAlgorithm,
): string | undefined {
  const recorded: ManifestFile | undefined = known?.files.get(path);
  const isSame =
    before?.identity !== undefined &&
    before.identity.inode === now.identity?.inode &&
    before.identity.device === now.identity.device;
  const fits = recorded?.size === size && recorded.checksum?.algorithm === algorithm;
  return isSame && fits ? recorded.checksum?.hex : undefined;
}

async function writeWhole(tree: Endpoint, path: RelPath, blocks: readonly string[]): Promise<void> {
  const temporary = joinPath(parentOf(path), byteString(`.${nameOf(path)}.new`));
  await tree.removeFile(temporary).catch(() => {});
  const file = await tree.create(temporary);
  try {
    for (const block of blocks) await file.write(Buffer.from(block));
    await file.sync();
  } finally {
    await file.close();
  }
  await tree.rename(temporary, path);
  await tree.syncDirectory(parentOf(path));
}
