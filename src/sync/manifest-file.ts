import { basename, dirname, resolve } from 'node:path';
import { fromText } from '../system/byte-string.ts';
import { failure, isFailure } from '../system/errors.ts';
import type { Endpoint } from './endpoint.ts';
import { localEndpoint } from './endpoints/local.ts';
import type { RelPath } from './entry.ts';
import { temporaryName } from './lanes/temporary-name.ts';
import { readManifest } from './manifest/files.ts';
import type { ManifestHeader, ManifestTotals, RunTotals } from './manifest/format.ts';
import { createManifestWriter, type ManifestWriter } from './manifest/writer.ts';
import { ManifestCursor } from './manifest-cursor.ts';
import { joinPath, nameOf, parentOf } from './path.ts';

/** A manifest that is being written: it appears under its name when it is whole and on the disk. */
export interface ManifestFile {
  readonly add: ManifestWriter['add'];
  finish(run: RunTotals): Promise<ManifestTotals>;
  /** Leaves nothing behind. Never throws. */
  abort(): Promise<void>;
}

export async function createManifestFile(
  endpoint: Endpoint,
  path: RelPath,
  header: ManifestHeader,
  nameMax = 255,
): Promise<ManifestFile> {
  const temporary = joinPath(parentOf(path), temporaryName(nameOf(path), nameMax));
  const file = await endpoint.create(temporary);
  const writer = await createManifestWriter(file, header);
  const discard = async (): Promise<void> => {
    await endpoint.removeFile(temporary).catch(() => {});
  };
  return {
    add: (listing) => writer.add(listing),
    async finish(run) {
      try {
        const totals = await writer.finish(run);
        await file.setAttributes({ mode: 0o644 & ~process.umask() });
        await file.sync();
        await file.close();
        await endpoint.rename(temporary, path);
        await endpoint.syncDirectory(parentOf(path));
        return totals;
      } catch (error) {
        await file.close().catch(() => {});
        await discard();
        throw error;
      }
    },
    async abort() {
      await writer.abort();
      await file.close().catch(() => {});
      await discard();
    },
  };
}

/** The same for a file of this machine, named as on a command line. */
export async function createLocalManifest(path: string, header: ManifestHeader): Promise<ManifestFile> {
  const absolute = resolve(path);
  return createManifestFile(localEndpoint(fromText(dirname(absolute))), fromText(basename(absolute)), header);
}

/**
 * A manifest of this machine, to be read alongside a walk. It is read through once before: what acts on it must be able
 * to rely on every line. FILE_UNREADABLE, MANIFEST_DAMAGED, MANIFEST_UNSUPPORTED.
 */
export async function openLocalManifest(path: string): Promise<ManifestCursor> {
  const absolute = resolve(path);
  const endpoint = localEndpoint(fromText(dirname(absolute)));
  const name = fromText(basename(absolute));
  try {
    for await (const _ of await readManifest(endpoint, name));
  } catch (error) {
    if (!isFailure(error) || isFailure(error, 'MANIFEST_DAMAGED', 'MANIFEST_UNSUPPORTED')) throw error;
    throw failure('FILE_UNREADABLE', { path, detail: error.message }, error);
  }
  return new ManifestCursor(await readManifest(endpoint, name));
}
