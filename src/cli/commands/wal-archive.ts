import type { Command } from 'commander';
import { sendWal } from '../../manager/wal/send/send.ts';
import { failure } from '../../system/errors.ts';
import type { Context } from '../context.ts';
import { declareOptions } from '../option-table.ts';
import { BARMAN_HOST_OPTIONS } from './barman-host-options.ts';
import { REACH_OPTIONS } from './reach-options.ts';
import { newDraft, PUT_OPTIONS, putWalToHost } from './wal-archive-host.ts';

const ABOUT = `
For archive_command, in two forms. With two operands it brings the file into DIRECTORY, such as the incoming directory of
a server of Barman or Cellarman; at the other end an SFTP account is enough:

    archive_command = 'cellarman wal-archive %p barman@backup:/var/lib/barman/main/incoming/'

DIRECTORY: PATH, [user@]host:PATH or sftp://[user@]host[:port]/PATH (/~/PATH below the home directory). The file is
written under a temporary name and renamed when all of it is on the disk, as far as the SFTP server can tell
(fsync@openssh.com). If it is there already with the same content, all is well; another content is refused, and never
replaced.

With three operands it does what barman-wal-archive does, with the same options: it runs "barman put-wal SERVER" on HOST,
which may be Barman's or, with --program cellarman, this program's:

    archive_command = 'cellarman wal-archive backup main %p'

Exit status: 0 when the file is archived; else 1 to 125, upon which PostgreSQL tries again. Where HOST is asked: 2 for
what is wrong on this host, 3 where HOST cannot be reached, else the status of put-wal.`;

/** `cellarman wal-archive` */
export function define(command: Command, context: Context): void {
  const draft = newDraft();
  command
    .argument('[operand...]')
    .usage('[options] WAL_PATH DIRECTORY\n       cellarman wal-archive [options] HOST SERVER WAL_PATH')
    .addHelpText('after', ABOUT);
  declareOptions(command, REACH_OPTIONS, draft);
  declareOptions(command, BARMAN_HOST_OPTIONS, draft);
  declareOptions(command, PUT_OPTIONS, draft);
  command.option('--debug', 'show errors with their stack and causes');
  command.on('option:debug', () => {
    context.debug = true;
  });
  command.action(async (operands: readonly string[]) => {
    const [first, second, third, more] = operands;
    if (first === undefined || second === undefined || more !== undefined) {
      throw failure('USAGE', {
        detail: 'a WAL file and a directory are needed, or a host, a server and a WAL file',
      });
    }
    if (third !== undefined)
      return putWalToHost({ host: first, server: second, path: third }, draft, context);
    const [misplaced] = draft.hostOptions;
    if (misplaced !== undefined)
      throw failure('USAGE', { detail: `${misplaced} goes with a host, a server and a WAL file` });
    await sendWal(first, second, { ...draft.options, signal: context.signal });
  });
}
