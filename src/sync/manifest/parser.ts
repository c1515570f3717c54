import { type CellarmanError, failure } from '../../system/errors.ts';
import type { EntryType } from '../entry.ts';
import { comparePaths, nameOf, ROOT } from '../path.ts';
import { Fields } from './fields.ts';
import { MAGIC, type ManifestHeader, type ManifestTotals, VERSION } from './format.ts';
import { parseHeader } from './header.ts';
import { LETTERS } from './line.ts';
import { unescapeName } from './name.ts';
import type { RecordedEntry, RecordedListing } from './record.ts';
import { parseTotals } from './totals.ts';

/** By the code of the letter. */
const TYPES: (EntryType | undefined)[] = [];
for (const [type, letter] of Object.entries(LETTERS)) TYPES[letter.charCodeAt(0)] = type as EntryType;
const SLASH = '/'.charCodeAt(0);
const RACY = 'r'.charCodeAt(0);
const MINUS = '-'.charCodeAt(0);
const ARROW = ' -> ';
const SUM = 'xxh64 ';
const UNSAFE_PATH = /\0|(?:^|\/)\.{0,2}(?:\/|$)/;

export interface ManifestEnd {
  readonly totals: ManifestTotals;
  /** The sum as written, and where its line begins in the block that was pushed last. */
  readonly sum: string;
  readonly at: number;
}

/**
 * Makes listings from the text of a manifest. It does no I/O and does not check the sum; but what it hands out is
 * well-formed: safe names, sorted as promised.
 */
export class ManifestParser {
  header: ManifestHeader | undefined;
  end: ManifestEnd | undefined;

  private readonly path: string;
  private readonly fields: Fields;
  private state: 'header' | 'section' | 'entries' | 'end' = 'header';
  /** Lines of the header or of the end. */
  private lines: string[] = [];
  private open:
    | { path: RecordedListing['path']; directory: RecordedEntry; entries: RecordedEntry[] }
    | undefined;
  private lastPath: RecordedListing['path'] | undefined;

  constructor(path: string) {
    this.path = path;
    this.fields = new Fields(path);
  }

  /** Takes a block of whole lines; gives the listings that became complete with it. */
  push(block: Buffer): RecordedListing[] {
    const { fields } = this;
    const complete: RecordedListing[] = [];
    fields.feed(block);
    while (fields.nextLine()) {
      switch (this.state) {
        case 'header':
          this.headerLine();
          break;
        case 'section':
          this.sectionLine();
          break;
        case 'entries':
          if (!fields.isEmpty) this.entryLine();
          else if (this.open !== undefined) {
            complete.push(this.open);
            this.state = 'section';
          }
          break;
        case 'end':
          this.endLine();
      }
    }
    return complete;
  }

  damaged(detail: string): CellarmanError {
    return failure('MANIFEST_DAMAGED', { path: this.path, detail });
  }

  private headerLine(): void {
    const line = this.fields.rest();
    if (this.lines.length === 0) {
      const version = line.startsWith(`${MAGIC} `) ? line.slice(MAGIC.length + 1) : undefined;
      if (version === undefined) throw this.damaged(`it does not begin with "${MAGIC}"`);
      if (version !== String(VERSION)) throw failure('MANIFEST_UNSUPPORTED', { path: this.path, version });
    }
    if (line !== '') {
      this.lines.push(line);
      return;
    }
    const header = parseHeader(this.lines.slice(1));
    if (typeof header === 'string') throw this.damaged(header);
    this.header = header;
    this.lines = [];
    this.state = 'section';
  }

  private sectionLine(): void {
    const { fields } = this;
    if (fields.rest() === 'end') {
      this.state = 'end';
      return;
    }
    if (fields.letter() !== SLASH) throw fields.fail('a section does not begin with a directory');
    const entry = this.record('directory');
    const path = entry.name === '.' ? ROOT : entry.name;
    if (path !== ROOT && UNSAFE_PATH.test(path)) throw fields.fail('an impossible path');
    if (this.lastPath !== undefined && comparePaths(this.lastPath, path) >= 0) {
      throw fields.fail('directories are not in order');
    }
    this.lastPath = path;
    this.open = { path, directory: { ...entry, name: nameOf(path) }, entries: [] };
    this.state = 'entries';
  }

  private entryLine(): void {
    const { fields, open } = this;
    const type = TYPES[fields.letter() ?? 0];
    if (type === undefined || open === undefined) throw fields.fail('an unknown type');
    const entry = this.record(type);
    if (!isSafe(entry.name)) throw fields.fail('an impossible name');
    const before = open.entries.at(-1);
    if (before !== undefined && before.name >= entry.name) throw fields.fail('names are not in order');
    open.entries.push(entry);
  }

  /** The fields behind the type. */
  private record(type: EntryType): RecordedEntry {
    const { fields } = this;
    const mode = fields.octal();
    const uid = fields.decimal();
    const gid = fields.decimal();
    const size = fields.decimal();
    const mtime = fields.time();
    const identity = fields.unknown() ? undefined : fields.identity();
    const racy = fields.letter();
    if (racy !== RACY && racy !== MINUS) throw fields.fail('a racy mark that is none');
    const hash = fields.unknown() ? undefined : fields.word();
    const rest = fields.rest();
    const arrow = type === 'symlink' ? rest.indexOf(ARROW) : -1;
    const name = this.unescape(arrow < 0 ? rest : rest.slice(0, arrow));
    const target = arrow < 0 ? undefined : this.unescape(rest.slice(arrow + ARROW.length));
    return { name, type, mode, size, mtime, uid, gid, target, identity, hash, racy: racy === RACY };
  }

  private unescape(text: string): RecordedEntry['name'] {
    const name = unescapeName(text);
    if (name === undefined) throw this.fields.fail('a backslash that begins no escape');
    return name;
  }

  private endLine(): void {
    const { fields } = this;
    if (this.end !== undefined) throw fields.fail('there is more behind the end');
    const at = fields.start;
    const line = fields.rest();
    if (!line.startsWith(SUM)) {
      this.lines.push(line);
      return;
    }
    const totals = parseTotals(this.lines);
    if (totals === undefined) throw this.damaged('the totals at its end are not readable');
    this.end = { totals, sum: line.slice(SUM.length), at };
  }
}

/** Can be the name of an entry of a directory. */
function isSafe(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !name.includes('/') && !name.includes('\0');
}
