import { createHash } from 'node:crypto';
import { type ByteString, byteString, fromText } from '../../system/byte-string.ts';
import { failure } from '../../system/errors.ts';
import { parseLsn } from '../lsn.ts';
import {
  CHECKSUM_ALGORITHMS,
  type ChecksumAlgorithm,
  type ManifestFile,
  type ManifestHeader,
  type WalRange,
} from './types.ts';

export type ManifestItem =
  | ({ readonly kind: 'header' } & ManifestHeader)
  | ({ readonly kind: 'file' } & ManifestFile)
  | ({ readonly kind: 'wal' } & WalRange);

const LF = 0x0a;

/**
 * Reads a `backup_manifest` line by line, in the layout in which PostgreSQL, this package and other tools write it: the
 * header, then files, then WAL ranges. What was yielded is only proven when the iteration ends: its last step compares
 * the checksum over the whole. BACKUP_MANIFEST.
 */
export async function* readBackupManifest(
  blocks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<ManifestItem> {
  const hash = createHash('sha256');
  let header: ManifestHeader | undefined;
  let version: 1 | 2 | undefined;
  let section: 'Files' | 'WAL-Ranges' | undefined;
  let number = 0;
  let ended = false;

  const wrong = (detail: string): Error =>
    failure('BACKUP_MANIFEST', { detail: `line ${number}: ${detail}` });

  for await (const line of lines(blocks)) {
    number += 1;
    if (ended) throw wrong('there is more after the checksum');
    if (line.at(-1) !== LF) throw wrong('it is cut off');
    const text = line.toString('utf8').trimEnd();
    const checksum = /^"Manifest-Checksum": "([0-9a-f]{64})"\}$/.exec(text)?.[1];
    if (checksum !== undefined) {
      if (checksum !== hash.digest('hex'))
        throw failure('BACKUP_MANIFEST', { detail: 'its checksum does not match' });
      ended = true;
      continue;
    }
    hash.update(line);

    const opened = /^"(Files|WAL-Ranges)": \[$/.exec(text)?.[1];
    if (version === undefined) {
      version = versionOf(text);
      if (version === undefined) throw wrong('it is not version 1 or 2 of the format');
    } else if (opened === 'Files' || opened === 'WAL-Ranges') {
      section = opened;
      if (header === undefined) {
        header = { version, systemIdentifier: undefined };
        yield { kind: 'header', ...header };
      }
    } else if (section === undefined) {
      const systemIdentifier = /^"System-Identifier": (\d+),$/.exec(text)?.[1];
      if (systemIdentifier === undefined) throw wrong('it is not as PostgreSQL writes it');
      header = { version, systemIdentifier };
      yield { kind: 'header', ...header };
    } else if (text.startsWith('{')) {
      const item = section === 'Files' ? fileOf(text) : walRangeOf(text);
      if (item === undefined) throw wrong(`it is not an entry of "${section}"`);
      yield item;
    } else if (text !== '],' && text !== '') {
      throw wrong('it is not as PostgreSQL writes it');
    }
  }
  if (!ended)
    throw failure('BACKUP_MANIFEST', { detail: 'it is cut off: its last line, the checksum, is missing' });
}

/** Lines with their line feed; the last may have none. */
async function* lines(blocks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Buffer> {
  let rest = Buffer.alloc(0);
  for await (const block of blocks) {
    const bytes = Buffer.concat([rest, block]);
    let start = 0;
    for (let end = bytes.indexOf(LF); end !== -1; end = bytes.indexOf(LF, start)) {
      yield bytes.subarray(start, end + 1);
      start = end + 1;
    }
    rest = bytes.subarray(start);
  }
  if (rest.length > 0) yield rest;
}

function versionOf(text: string): 1 | 2 | undefined {
  const version = /^\{ "PostgreSQL-Backup-Manifest-Version": ([12]),$/.exec(text)?.[1];
  return version === undefined ? undefined : version === '1' ? 1 : 2;
}

function objectOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text.endsWith(',') ? text.slice(0, -1) : text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

function fileOf(text: string): ManifestItem | undefined {
  const object = objectOf(text);
  const path = pathOf(object['Path'], object['Encoded-Path']);
  const size = object['Size'];
  const modified = Date.parse(String(object['Last-Modified']));
  const checksum = checksumOf(object['Checksum-Algorithm'], object['Checksum']);
  if (path === undefined || checksum === 'wrong') return undefined;
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0 || Number.isNaN(modified))
    return undefined;
  return { kind: 'file', path, size, modified: modified / 1000, checksum };
}

function pathOf(path: unknown, encoded: unknown): ByteString | undefined {
  let bytes: ByteString;
  if (typeof path === 'string') bytes = fromText(path);
  else if (typeof encoded === 'string' && /^(?:[0-9a-f]{2})+$/i.test(encoded)) {
    bytes = byteString(Buffer.from(encoded, 'hex').toString('latin1'));
  } else return undefined;
  // A path that leads out of the data directory is nobody's honest entry.
  const honest = bytes
    .split('/')
    .every((part) => part !== '' && part !== '.' && part !== '..' && !part.includes('\0'));
  return honest ? bytes : undefined;
}

function checksumOf(algorithm: unknown, hex: unknown): ManifestFile['checksum'] | 'wrong' {
  if (algorithm === undefined && hex === undefined) return undefined;
  const known = CHECKSUM_ALGORITHMS.find((candidate: ChecksumAlgorithm) => candidate === algorithm);
  if (known === undefined || typeof hex !== 'string' || !/^[0-9a-f]+$/i.test(hex)) return 'wrong';
  return { algorithm: known, hex: hex.toLowerCase() };
}

function walRangeOf(text: string): ManifestItem | undefined {
  const { Timeline: timeline, 'Start-LSN': start, 'End-LSN': end } = objectOf(text);
  if (typeof timeline !== 'number' || typeof start !== 'string' || typeof end !== 'string') return undefined;
  return { kind: 'wal', timeline, start: parseLsn(start), end: parseLsn(end) };
}
