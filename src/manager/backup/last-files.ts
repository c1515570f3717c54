import type { ConfigurationFiles } from '../../postgres/server/settings.ts';
import type { Endpoint } from '../../sync/endpoint.ts';
import type { RelPath } from '../../sync/entry.ts';
import { joinPath, nameOf } from '../../sync/path.ts';
import { isWithin } from '../../sync/resolve.ts';
import { type ByteString, byteString, toBuffer, toText } from '../../system/byte-string.ts';
import { failure } from '../../system/errors.ts';
import { copyLate, writeLate } from './late-file.ts';
import { formatMadeLast } from './made-last.ts';
import { DATA, madeLastOf, tablespaceMapOf, treeOf } from './own-files.ts';
import type { ClusterSource } from './source.ts';

const CONTROL = joinPath(DATA, byteString('global/pg_control'));
const LABEL = joinPath(DATA, byteString('backup_label'));

/**
 * Copies what is not in the walk, and at the very end pg_control, which says from where on the copy is consistent. Bytes
 * of all that. NOT_FOUND for a configuration file that is missing, and the codes of single paths.
 */
export async function copyLast(
  source: ClusterSource,
  { main, hba, ident, included }: ConfigurationFiles,
  dataDirectory: ByteString,
  destination: Endpoint,
  id: string,
  warn: (message: string) => void,
): Promise<number> {
  const wanted: { readonly from: ByteString; readonly to: RelPath; readonly isNeeded: boolean }[] = [];
  for (const path of source.links) {
    const from = byteString(`${dataDirectory}/${path.slice(DATA.length + 1)}`);
    wanted.push({ from, to: path, isNeeded: true });
  }
  for (const from of [main, hba, ident]) {
    if (isWithin(from, dataDirectory)) continue;
    wanted.push({ from, to: joinPath(DATA, nameOf(from)), isNeeded: from !== ident });
  }
  let bytes = 0;
  const made: RelPath[] = [CONTROL, LABEL];
  for (const { from, to, isNeeded } of wanted) {
    const file = await source.file(from);
    if (file === undefined && isNeeded) throw failure('NOT_FOUND', { path: toText(from) });
    if (file === undefined) continue;
    bytes += await copyLate(file.holder, file.name, destination, joinPath(treeOf(id), to));
    await file.holder.close();
    made.push(to);
  }
  await writeLate(destination, madeLastOf(id), formatMadeLast(made), { mode: 0o600 });
  const outside = included.filter((path) => !isWithin(path, dataDirectory));
  if (outside.length > 0) {
    warn(
      `The usage of include directives is not supported for files that reside outside PGDATA. Please manually backup the following files: ${outside.map(toText).join(', ')}`,
    );
  }
  const control = await source.control();
  const { mode, mtime } = control.entry;
  await writeLate(destination, joinPath(treeOf(id), CONTROL), control.bytes, { mode, mtime });
  return bytes + control.bytes.length;
}

/** What PostgreSQL gave at the end, byte for byte. */
export async function writeLabels(
  destination: Endpoint,
  id: string,
  label: ByteString,
  tablespaceMap: ByteString,
): Promise<void> {
  await writeLate(destination, joinPath(treeOf(id), LABEL), toBuffer(label), { mode: 0o600 });
  if (tablespaceMap === '') return;
  await writeLate(destination, tablespaceMapOf(id), toBuffer(tablespaceMap), { mode: 0o600 });
}
