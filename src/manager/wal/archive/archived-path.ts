import { parseWalFileName } from '../../../postgres/wal-file-name.ts';

/** Where a file lies below `wals/`: history files on top, others in a directory named by their first 16 digits. */
export function archivedPath(name: string): string {
  return parseWalFileName(name)?.kind === 'history' ? name : `${name.slice(0, 16)}/${name}`;
}
