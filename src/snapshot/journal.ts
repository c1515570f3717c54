import type { Endpoint, WriteFile } from '../sync/endpoint.ts';
import type { Entry, RelPath } from '../sync/entry.ts';
import type { RecordedEntry } from '../sync/manifest/record.ts';
import { joinPath, nameOf } from '../sync/path.ts';
import { byteString } from '../system/byte-string.ts';

/**
 * The journal of an unfinished snapshot: which files stand already, so that the next run need not transfer them again.
 * One JSON value to a line, appended while the run goes on. The first line is an object:
 *
 *     {"cellarman journal":1,"started":1700000000000000,"boot":"…","synced":false}
 *
 * each other one a file whose content and attributes stand:
 *
 *     [path, mode, size, mtime, uid, gid, [device, inode, links, ctime] or null, xxh64, racy]
 *
 * with times in microseconds and one character to a byte in paths. A line without its newline was being written when the
 * run died and does not count; nor does anything behind a line that is none.
 */
const MAGIC = 'cellarman journal';
const VERSION = 1;

export interface JournalHeader {
  /** When the run began, microseconds since the epoch by this machine's clock. */
  readonly started: number;
  /** Tells one start of this machine from another; null where nothing does. */
  readonly boot: string | null;
  /** Each file was on the disk before its line was written. */
  readonly synced: boolean;
}

/** What the journals of one unfinished snapshot say together. */
export interface Journal {
  /** When the first of the runs began. */
  readonly started: number;
  readonly synced: boolean;
  /** The machine's start in which all of them ran; null where there were several, or none can be told. */
  readonly boot: string | null;
  readonly files: ReadonlyMap<RelPath, RecordedEntry>;
}

export interface JournalWriter {
  add(directory: RelPath, entry: RecordedEntry): void;
  /** Writes what was added so far. */
  flush(): void;
  /** Never rejects: without its journal a snapshot is as good as with it, only not resumed as well. */
  close(): Promise<void>;
}

/** Characters that are collected before they are written. */
const BATCH = 16 * 1024;

export async function createJournal(
  endpoint: Endpoint,
  path: RelPath,
  header: JournalHeader,
): Promise<JournalWriter> {
  const file = await endpoint.create(path);
  return new Writer(file, `${JSON.stringify({ [MAGIC]: VERSION, ...header })}\n`);
}

class Writer implements JournalWriter {
  readonly #file: WriteFile;
  #text: string;
  #written: Promise<void> = Promise.resolve();
  #broken = false;

  constructor(file: WriteFile, first: string) {
    this.#file = file;
    this.#text = first;
    this.flush();
  }

  add(directory: RelPath, entry: RecordedEntry): void {
    if (this.#broken) return;
    const { identity } = entry;
    const line = [
      joinPath(directory, entry.name),
      entry.mode,
      entry.size,
      entry.mtime,
      entry.uid,
      entry.gid,
      identity === undefined ? null : [identity.device, identity.inode, identity.links, identity.changed],
      entry.hash,
      entry.racy,
    ];
    this.#text += `${JSON.stringify(line)}\n`;
    if (this.#text.length >= BATCH) this.flush();
  }

  async close(): Promise<void> {
    this.flush();
    await this.#written;
    await this.#file.close().catch(() => {});
  }

  flush(): void {
    const text = this.#text;
    this.#text = '';
    if (text === '') return;
    this.#written = this.#written
      .then(() => (this.#broken ? undefined : this.#file.write(Buffer.from(text, 'utf8'))))
      .catch(() => {
        this.#broken = true;
      });
  }
}

/** Reads journals in the order of their runs; a file of a later one counts. Undefined where none can be read. */
export async function readJournals(
  endpoint: Endpoint,
  paths: readonly RelPath[],
): Promise<Journal | undefined> {
  const files = new Map<RelPath, RecordedEntry>();
  const headers: JournalHeader[] = [];
  for (const path of paths) {
    const [first = '', ...lines] = (await readText(endpoint, path)).split('\n').slice(0, -1);
    const header = parseHeader(first);
    if (header === undefined) continue;
    headers.push(header);
    for (const line of lines) {
      const parsed = parseLine(line);
      if (parsed === undefined) break;
      files.set(parsed.path, parsed.entry);
    }
  }
  const [header] = headers;
  if (header === undefined) return undefined;
  return {
    started: Math.min(...headers.map(({ started }) => started)),
    synced: headers.every(({ synced }) => synced),
    boot: headers.every(({ boot }) => boot === header.boot) ? header.boot : null,
    files,
  };
}

async function readText(endpoint: Endpoint, path: RelPath): Promise<string> {
  const file = await endpoint.openRead(path);
  try {
    const { size } = await file.stat();
    const blocks: Buffer[] = [];
    for await (const block of file.read(0, size)) blocks.push(Buffer.from(block));
    return Buffer.concat(blocks).toString('utf8');
  } finally {
    await file.close();
  }
}

function parseHeader(line: string): JournalHeader | undefined {
  const value = parseJson(line);
  if (typeof value !== 'object' || value === null) return undefined;
  const { [MAGIC]: version, started, boot, synced } = value as Record<string, unknown>;
  if (version !== VERSION || typeof started !== 'number' || typeof synced !== 'boolean') return undefined;
  return { started, synced, boot: typeof boot === 'string' ? boot : null };
}

function parseLine(line: string): { readonly path: RelPath; readonly entry: RecordedEntry } | undefined {
  const value = parseJson(line);
  if (!Array.isArray(value)) return undefined;
  const [text, mode, size, mtime, uid, gid, identity, hash, racy] = value as unknown[];
  if (typeof text !== 'string' || !areNumbers([mode, size, mtime, uid, gid])) return undefined;
  if (typeof hash !== 'string' || typeof racy !== 'boolean') return undefined;
  const path = byteString(text);
  return {
    path,
    entry: {
      name: nameOf(path),
      type: 'file',
      mode: Number(mode),
      size: Number(size),
      mtime: Number(mtime),
      uid: Number(uid),
      gid: Number(gid),
      target: undefined,
      identity: parseIdentity(identity),
      hash,
      racy,
    },
  };
}

function parseIdentity(value: unknown): Entry['identity'] {
  if (!Array.isArray(value) || value.length !== 4 || !areNumbers(value)) return undefined;
  const [device, inode, links, changed] = value.map(Number) as [number, number, number, number];
  return { device, inode, links, changed };
}

function areNumbers(values: readonly unknown[]): boolean {
  return values.every((value) => typeof value === 'number');
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
