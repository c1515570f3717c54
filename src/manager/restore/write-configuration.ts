import type { Endpoint } from '../../sync/endpoint.ts';
import { joinPath, ROOT } from '../../sync/path.ts';
import { fromText } from '../../system/byte-string.ts';
import { readIfPresent } from '../catalogue/read-file.ts';
import { type ConfigurationNote, makeSafe, parseSetting } from './configuration-file.ts';
import { writeFile } from './write-file.ts';

export interface ConfigurationOrder {
  /** The backup's PGDATA, on this machine. */
  readonly source: string;
  readonly endpoint: Endpoint;
  /** Lines for recovery. */
  readonly settings: readonly string[];
  /** The file that takes them, below the data directory. */
  readonly settingsFile: string;
  readonly signal: string | undefined;
}

export interface WrittenConfiguration {
  readonly changes: readonly ConfigurationNote[];
  readonly warnings: readonly ConfigurationNote[];
  /** Files of a usual configuration that the backup does not have. */
  readonly missing: readonly string[];
}

const MAIN = 'postgresql.conf';
const AUTO = 'postgresql.auto.conf';
const USUAL = [MAIN, AUTO, 'pg_hba.conf', 'pg_ident.conf'];
const MODE = { mode: 0o600 };

/**
 * Writes the configuration of the restored server. It is made from the backup's files each time, never from what stands,
 * so that no line comes twice.
 */
export async function writeConfiguration(order: ConfigurationOrder): Promise<WrittenConfiguration> {
  const { source, endpoint, settings, settingsFile, signal } = order;
  const names = new Set<string>((await endpoint.list(ROOT)).map(({ name }) => name));
  const changes: ConfigurationNote[] = [];
  const warnings: ConfigurationNote[] = [];
  const missing = USUAL.filter((name) => name !== MAIN && name !== AUTO && !names.has(name));
  const contents = new Map<string, string>();
  // PostgreSQL reads postgresql.auto.conf last: an old line there would override what recovery needs in another file.
  const elsewhere = new Set(settingsFile === AUTO ? [] : settings.map(nameOf));
  for (const name of [MAIN, AUTO]) {
    // Bytes that are no UTF-8 stay what they are.
    const original = (await readIfPresent(`${source}/${name}`))?.toString('latin1');
    if (original === undefined) missing.push(name);
    else {
      const safe = makeSafe(original, name, (file) => names.has(file), elsewhere);
      changes.push(...safe.changes);
      warnings.push(...safe.warnings);
      contents.set(name, safe.text);
      if (safe.changes.length > 0) await put(endpoint, `${name}.origin`, original);
    }
  }
  // What an included file sets is not seen here; this file is read after all of them.
  const extra = warnings.some(({ name }) => name.startsWith('include')) ? ['archive_command = false'] : [];
  if (extra.length > 0) append(contents, AUTO, extra);
  if (settings.length > 0) append(contents, settingsFile, settings);
  for (const [name, text] of contents) await put(endpoint, name, text);
  if (signal !== undefined) await put(endpoint, signal, '');
  return { changes, warnings, missing: USUAL.filter((name) => missing.includes(name)) };
}

const nameOf = (line: string): string => parseSetting(line, 1)?.name ?? '';

function append(contents: Map<string, string>, name: string, lines: readonly string[]): void {
  const before = contents.get(name) ?? '';
  const separator = before === '' || before.endsWith('\n') ? '' : '\n';
  const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''), 'utf8').toString('latin1');
  contents.set(name, before + separator + bytes);
}

function put(endpoint: Endpoint, name: string, text: string): Promise<void> {
  return writeFile(endpoint, joinPath(ROOT, fromText(name)), Buffer.from(text, 'latin1'), MODE);
}
