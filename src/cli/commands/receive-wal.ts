import type { Command } from 'commander';
import { failure } from '../../system/errors.ts';
import type { Context } from '../context.ts';
import { runManager, usableServerNamed } from '../manager-session.ts';

const ABOUT = `
Not in this version: WAL comes by archive_command (see "cellarman wal-archive --help"). The command ends with an error
that says so, and changes nothing; its options are those that Barman has.`;

/** `cellarman receive-wal` */
export function define(command: Command, context: Context): void {
  command
    .argument('<server_name>', 'the server')
    .option('--stop', 'stop the running receiver')
    .option('--reset', 'begin anew at the present position')
    .option('--create-slot', 'create the replication slot')
    .option('--if-not-exists', 'with --create-slot: an existing slot is fine')
    .option('--drop-slot', 'drop the replication slot')
    .addHelpText('after', ABOUT);
  command.action(async (name: string) => {
    await runManager(command, context, async (session) => {
      if (usableServerNamed(name, session) === undefined) return;
      throw failure('UNSUPPORTED', {
        operation: 'receive-wal, which comes with a later version (until then set archive_command)',
        where: 'this version',
      });
    });
  });
}
