import { existsSync } from 'node:fs';
import { type FileHandle, mkdir, open, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeFileAtomically } from '../../system/atomic-file.ts';
import { fromText } from '../../system/byte-string.ts';
import { fromErrno } from '../../system/errno.ts';
import type { Layout } from './layout.ts';
import { type LockSite, serverLockPath, waitForLock } from './locks.ts';
import { formatWalEntry, parseWalEntry, type WalColumns, type WalEntry } from './wal-entry.ts';

/** A line of the index that is none; it stays in the file. */
export interface DamagedLine {
  readonly path: string;
  /** Counted from 1. */
  readonly line: number;
  readonly text: string;
}

/** Bytes at the end that are looked at: more than the lines of the largest group that is archived at once. */
const TAIL = 16 * 1024;

/**
 * `xlog.db`: one line for each archived file, in the order they were archived. Everything happens under Barman's lock
 * `.<server>-xlogdb.lock`, which is waited for.
 */
export class WalIndex {
  readonly path: string;
  readonly #lockPath: string;
  /** For a file that has no line yet. */
  readonly #columns: WalColumns;

  /** Goes on with the file the catalogue has: `wals/xlog.db` of Barman up to 3.12, or `<server>-xlog.db`. */
  constructor(layout: Pick<Layout, 'wals' | 'xlogdb'>, locks: LockSite, oldByDefault = false) {
    const current = join(layout.xlogdb, `${locks.server}-xlog.db`);
    const old = join(layout.wals, 'xlog.db');
    const isOld = !existsSync(current) && (existsSync(old) || oldByDefault);
    this.path = isOld ? old : current;
    this.#columns = isOld ? 4 : 5;
    this.#lockPath = serverLockPath(locks, 'xlogdb');
  }

  /**
   * The entries in archiving order, as a stream; the lock is held until the last one was taken or the loop was left.
   * Nothing where there is no index yet. @throws the codes of single paths
   */
  async *entries(onDamaged: (line: DamagedLine) => void): AsyncGenerator<WalEntry> {
    if (!existsSync(this.path)) return;
    using _lock = await waitForLock(this.#lockPath);
    for await (const { text, line, isTorn } of this.#lines()) {
      const entry = isTorn ? undefined : parseWalEntry(text);
      if (entry !== undefined) yield entry;
      else if (text.trim() !== '') onDamaged({ path: this.path, line, text });
    }
  }

  /**
   * Adds entries at the end, all durable when it resolves. Lines that a run just wrote for them which was killed behind
   * that are not written again, or go where the file is stored in another form now. `then` is done last, under the same lock: whoever holds it finds a file in the archive together with its line.
   */
  async append(entries: readonly WalEntry[], then?: () => Promise<void>): Promise<void> {
    if (entries.length === 0) return;
    await mkdir(dirname(this.path), { recursive: true });
    using _lock = await waitForLock(this.#lockPath);
    await this.#dropOtherForms(entries);
    const file = await this.#open('a+');
    try {
      const end = await this.#lastLine(file);
      const lines = entries.map((entry) => formatWalEntry(entry, end.columns));
      const text = lines.filter((line) => !end.lines.has(line)).join('');
      // A line that a crash cut short must neither swallow the next one nor pass for a whole one: half a word in its last
      // column is a compression that nobody knows.
      if (end.looksWhole) await file.truncate(end.start);
      await file.appendFile(end.isTorn && !end.looksWhole ? `\n${text}` : text);
      await file.sync();
    } catch (error) {
      throw fromErrno(error, this.path);
    } finally {
      await file.close();
    }
    await then?.();
  }

  /** Drops entries; damaged lines stay. Readers find the old file or the new one, never less. */
  async retain(keep: (entry: WalEntry) => boolean): Promise<void> {
    if (!existsSync(this.path)) return;
    using _lock = await waitForLock(this.#lockPath);
    await this.#retain(keep);
  }

  /** Looks only where a run that was killed may have left them. */
  async #dropOtherForms(entries: readonly WalEntry[]): Promise<void> {
    if (!existsSync(this.path)) return;
    const file = await this.#open('r');
    const { lines } = await this.#lastLine(file).finally(() => file.close());
    const forms = new Map(entries.map((entry) => [entry.name, formatWalEntry(entry, 5)]));
    const isOther = (entry: WalEntry): boolean =>
      forms.has(entry.name) && forms.get(entry.name) !== formatWalEntry(entry, 5);
    const written = [...lines].flatMap((line) => parseWalEntry(line) ?? []);
    if (written.some(isOther)) await this.#retain((entry) => !isOther(entry));
  }

  async #retain(keep: (entry: WalEntry) => boolean): Promise<void> {
    const kept: string[] = [];
    for await (const { text, isTorn } of this.#lines()) {
      const entry = parseWalEntry(text);
      if (isTorn && entry !== undefined) continue;
      if (entry === undefined ? text.trim() !== '' : keep(entry)) kept.push(`${text}\n`);
    }
    await this.#write(kept.join(''));
  }

  /**
   * Puts a new index in the place of the old one. `walk` looks through the archive under the lock, so that nothing is
   * archived or removed unseen meanwhile; it gets the old entries by name.
   */
  async rebuild(walk: (old: ReadonlyMap<string, WalEntry>) => Promise<readonly WalEntry[]>): Promise<void> {
    await mkdir(dirname(this.path), { recursive: true });
    using _lock = await waitForLock(this.#lockPath);
    const old = new Map<string, WalEntry>();
    if (existsSync(this.path)) {
      for await (const { text, isTorn } of this.#lines()) {
        const entry = isTorn ? undefined : parseWalEntry(text);
        if (entry !== undefined) old.set(entry.name, entry);
      }
    }
    const lines = (await walk(old)).map((entry) => formatWalEntry(entry, this.#columns));
    await this.#write(lines.join(''));
  }

  async #write(content: string): Promise<void> {
    const mode = existsSync(this.path) ? (await stat(this.path)).mode & 0o777 : 0o666 & ~process.umask();
    await writeFileAtomically(fromText(this.path), content, mode);
  }

  /** `isTorn`: it has no end. */
  async *#lines(): AsyncGenerator<{
    readonly text: string;
    readonly line: number;
    readonly isTorn: boolean;
  }> {
    const file = await this.#open('r');
    let line = 0;
    let last: string | undefined;
    try {
      const { isTorn } = await this.#lastLine(file);
      for await (const text of file.readLines({ encoding: 'utf8', autoClose: false, start: 0 })) {
        if (last !== undefined) yield { text: last, line, isTorn: false };
        line += 1;
        last = text;
      }
      if (last !== undefined) yield { text: last, line, isTorn };
    } finally {
      await file.close();
    }
  }

  async #lastLine(file: FileHandle): Promise<{
    readonly isTorn: boolean;
    /** Torn, and yet to be read like a whole one. */
    readonly looksWhole: boolean;
    /** Where it starts, bytes. */
    readonly start: number;
    readonly columns: WalColumns;
    /** Whole ones before it, each with its end. */
    readonly lines: ReadonlySet<string>;
  }> {
    const { size } = await file.stat();
    const length = Math.min(size, TAIL);
    const tail = Buffer.alloc(length);
    await file.read(tail, 0, length, size - length);
    const text = tail.toString('utf8');
    const lines = text.split('\n');
    // Behind the last line feed; nothing where all is well.
    const rest = lines.pop() ?? '';
    const last = parseWalEntry(lines.at(-1) ?? '');
    const columns = last === undefined ? this.#columns : last.columns === 5 ? 5 : 4;
    const start = size - length + tail.lastIndexOf('\n') + 1;
    return {
      isTorn: rest !== '',
      looksWhole: parseWalEntry(rest) !== undefined,
      start,
      columns,
      lines: new Set(lines.map((line) => `${line}\n`)),
    };
  }

  async #open(flags: string): Promise<FileHandle> {
    try {
      return await open(this.path, flags);
    } catch (error) {
      throw fromErrno(error, this.path);
    }
  }
}
