import type { EntryType } from '../../sync/entry.ts';
import type { Change, EntryEvent } from '../../sync/report.ts';
import { renderName } from './name.ts';

/** What of the options shows in the letters. */
export interface ItemizeOptions {
  /** Content goes to another host: `<`, otherwise `>`. */
  readonly remoteDestination: boolean;
  /** Times are kept (`-t`): `t`, otherwise `T`, the time of the transfer. */
  readonly times: boolean;
  /** Content was compared (`-c`): a `c` before the letters. */
  readonly checksum: boolean;
}

const KIND: Readonly<Record<EntryType, string>> = {
  file: 'f',
  directory: 'd',
  symlink: 'L',
  fifo: 'S',
  socket: 'S',
  device: 'D',
};

const MADE_ANEW: ReadonlySet<Change> = new Set(['created', 'type', 'target']);

/** One entry as rsync's `-i` has it: `YXcstpoguax NAME`. rsync(1), `--itemize-changes`. */
export function itemize(event: EntryEvent, options: ItemizeOptions): string {
  return `${event.action === 'remove' ? '*deleting  ' : letters(event, options)} ${nameOf(event)}`;
}

function letters(event: EntryEvent, options: ItemizeOptions): string {
  const head = actionLetter(event, options) + KIND[event.kind];
  const has = (change: Change): boolean => event.changes.includes(change);
  // A link to an unchanged file of a basis changes nothing, as rsync sees it, although there was no such name before.
  if (event.action === 'link' && event.leader === undefined) return head + ' '.repeat(9);
  if (has('created') || has('type')) return `${head}+++++++++`;
  const flags = [
    contentChanged(event, options) ? 'c' : '.',
    has('size') && event.kind === 'file' ? 's' : '.',
    timeLetter(event, options),
    has('mode') ? 'p' : '.',
    has('owner') ? 'o' : '.',
    has('group') ? 'g' : '.',
    '...',
  ].join('');
  return head + (/^[.hc]/.test(head) && !/[^.]/.test(flags) ? ' '.repeat(flags.length) : flags);
}

function actionLetter(event: EntryEvent, { remoteDestination }: ItemizeOptions): string {
  switch (event.action) {
    case 'copy':
      return event.fromBasis ? 'c' : remoteDestination ? '<' : '>';
    case 'link':
      return 'h';
    case 'directory':
      return 'c';
    case 'symlink':
      // One that only gets another time or owner is not made anew.
      return event.changes.some((change) => MADE_ANEW.has(change)) ? 'c' : '.';
    default:
      return '.';
  }
}

function contentChanged({ action, changes, fromBasis }: EntryEvent, { checksum }: ItemizeOptions): boolean {
  if (changes.includes('content') || changes.includes('target')) return true;
  return checksum && action === 'copy' && !fromBasis;
}

/** Without `-t`, whatever is written anew gets the time of the transfer. */
function timeLetter({ action, changes, fromBasis }: EntryEvent, { times }: ItemizeOptions): string {
  if (times) return changes.includes('time') ? 't' : '.';
  const written = action === 'symlink' ? changes.includes('target') : action === 'copy' && !fromBasis;
  return written ? 'T' : '.';
}

/** `NAME`, `NAME/`, `NAME -> TARGET` or `NAME => LEADER`. */
export function nameOf({ path, kind, target, leader }: EntryEvent): string {
  const name = renderName(path);
  if (kind === 'directory') return `${name === '' ? '.' : name}/`;
  if (leader !== undefined) return `${name} => ${renderName(leader)}`;
  return target === undefined ? name : `${name} -> ${renderName(target)}`;
}
