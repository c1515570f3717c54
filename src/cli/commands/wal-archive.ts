import type { Command } from 'commander';
import { sendWal } from '../../manager/wal/send/send.ts';
import { failure } from '../../system/errors.ts';
import type { Context } from '../context.ts';
import { declareOptions } from '../option-table.ts';
import { REACH_OPTIONS, type ReachDraft } from './reach-options.ts';

const ABOUT = `
Brings one WAL file into DIRECTORY, such as the incoming directory of a server of Barman or Cellarman, for example:

    archive_command = 'cellarman wal-archive %p barman@backup:/var/lib/barman/main/incoming/'

DIRECTORY: PATH, [user@]host:PATH or sftp://[user@]host[:port]/PATH (/~/PATH below the home directory). At the other end
an SFTP account is enough. The file is written under a temporary name and renamed when all of it is on the disk, as far
as the SFTP server can tell (fsync@openssh.com). If it is there already with the same content, all is well; another
content is refused, and never replaced.

Exit status: 0 when the file is archived; else 1 to 70, upon which PostgreSQL tries again.`;

/** `cellarman wal-archive` */
export function define(command: Command, context: Context): void {
  const draft: ReachDraft = { options: {} };
  command.argument('[operand...]').usage('[options] WAL_PATH DIRECTORY').addHelpText('after', ABOUT);
  declareOptions(command, REACH_OPTIONS, draft);
  command.option('--debug', 'show errors with their stack and causes');
  command.on('option:debug', () => {
    context.debug = true;
  });
  command.action(async ([path, location, more]: readonly string[]) => {
    if (path === undefined || location === undefined || more !== undefined)
      throw failure('USAGE', { detail: 'a WAL file and a directory are needed' });
    await sendWal(path, location, { ...draft.options, signal: context.signal });
  });
}
