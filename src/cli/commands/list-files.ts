import { type Command, Option } from 'commander';
import { isCopied } from '../../manager/catalogue/backup.ts';
import { Catalogue } from '../../manager/catalogue/catalogue.ts';
import { findBackup } from '../../manager/catalogue/designation.ts';
import { FILE_TARGETS, type FileTarget, listBackupFiles } from '../../manager/status/backup-files.ts';
import { failure } from '../../system/errors.ts';
import type { Context } from '../context.ts';
import { runManager, serverNamed } from '../manager-session.ts';

interface FileFlags {
  readonly target: FileTarget;
  readonly listEmptyDirectories?: boolean;
}

const ABOUT = `
Without --target these are the files of the backup and the WAL that makes it whole.`;

/** `cellarman list-files` */
export function define(command: Command, context: Context): void {
  command
    .argument('<server_name>', 'the server')
    .argument('<backup_id>', 'ID or name of a backup, latest, oldest, last-full or last-failed')
    .addOption(
      new Option('--target <files>', 'data: the copy; wal: its WAL up to the next backup; full: both')
        .choices(FILE_TARGETS)
        .default('standalone'),
    )
    .option('--list-empty-directories', 'list empty directories, too');
  command.addHelpText('after', ABOUT);
  command.action(async (name: string, designation: string, flags: FileFlags) => {
    await runManager(command, context, async (session) => {
      const { configuration, messages } = session;
      const server = serverNamed(name, session);
      if (server === undefined) return;
      const catalogue = new Catalogue(server, configuration.global);
      const { backups, damaged } = await catalogue.read();
      const broken = damaged.find(({ id }) => id === designation);
      if (broken !== undefined)
        throw failure('BACKUP_INFO', { path: broken.infoPath, detail: broken.reason });
      const backup = findBackup(backups, designation, name);
      const next = backups.find((other) => other.id > backup.id && isCopied(other));
      const { target, listEmptyDirectories: emptyDirectories = false } = flags;
      const files = listBackupFiles(catalogue, backup, next, { target, emptyDirectories }, ({ path, line }) =>
        messages.warning(`${path}: line ${line} is damaged and was left as it is`),
      );
      for await (const path of files) messages.info(path.toString());
    });
  });
}
