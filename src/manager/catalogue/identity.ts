import { failure } from '../../system/errors.ts';
import type { Layout } from './layout.ts';
import { readIfPresent } from './read-file.ts';
import { writeCatalogueFile } from './write-file.ts';

/** Whose backups a catalogue holds; written at the first backup and never changed. */
export interface Identity {
  /** A decimal number beyond 2^53. */
  readonly systemId: string;
  /** Major version, `15`. */
  readonly version: string;
}

/** Null before the first backup. @throws BACKUP_INFO for a file that is no identity. */
export async function readIdentity({ identity }: Pick<Layout, 'identity'>): Promise<Identity | null> {
  const content = await readIfPresent(identity);
  if (content === null) return null;
  const { systemid, version } = parse(content.toString('utf8'));
  if (typeof systemid !== 'string' || typeof version !== 'string') {
    throw failure('BACKUP_INFO', { path: identity, detail: 'it does not tell systemid and version' });
  }
  return { systemId: systemid, version };
}

/** As Barman has it: sorted keys, four blanks, a line feed at the end. */
export async function writeIdentity(
  { identity }: Pick<Layout, 'identity'>,
  { systemId, version }: Identity,
): Promise<void> {
  await writeCatalogueFile(identity, `${JSON.stringify({ systemid: systemId, version }, null, 4)}\n`);
}

function parse(text: string): { readonly systemid?: unknown; readonly version?: unknown } {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
