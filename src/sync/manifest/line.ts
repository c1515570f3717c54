import type { EntryType } from '../entry.ts';
import { escapeLinkName, escapeName } from './name.ts';
import type { RecordedEntry, RecordedListing } from './record.ts';

export const LETTERS: Readonly<Record<EntryType, string>> = {
  file: 'f',
  directory: 'd',
  symlink: 'l',
  fifo: 'p',
  socket: 's',
  device: 'n',
};

/** Seconds with six decimals. */
export function formatTime(microseconds: number): string {
  if (microseconds < 0) return `-${formatTime(-microseconds)}`;
  const fraction = microseconds % 1_000_000;
  // Subtracting first keeps the division exact.
  const seconds = (microseconds - fraction) / 1_000_000;
  return fraction === 0 ? `${seconds}.000000` : `${seconds}.${String(fraction).padStart(6, '0')}`;
}

function formatFields(letter: string, entry: RecordedEntry, name: string): string {
  const { identity } = entry;
  const known =
    identity === undefined
      ? '-'
      : `${identity.device}:${identity.inode}:${identity.links}:${formatTime(identity.changed)}`;
  return `${letter} ${entry.mode.toString(8)} ${entry.uid} ${entry.gid} ${entry.size} ${formatTime(entry.mtime)} ${known} ${entry.racy ? 'r' : '-'} ${entry.hash ?? '-'} ${name}\n`;
}

/** The line of an entry, with its newline; one byte to a character. */
export function formatEntry(entry: RecordedEntry): string {
  if (entry.type !== 'symlink') return formatFields(LETTERS[entry.type], entry, escapeName(entry.name));
  const name = escapeLinkName(entry.name);
  const arrow = entry.target === undefined ? name : `${name} -> ${escapeName(entry.target)}`;
  return formatFields('l', entry, arrow);
}

/** The line that begins the section of a directory, with the empty line before it. */
export function formatDirectory({ path, directory }: RecordedListing): string {
  return `\n${formatFields('/', directory, path === '' ? '.' : escapeName(path))}`;
}
