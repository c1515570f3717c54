import { type Command, Option } from 'commander';
import { type Keep, readKeep, releaseKeep, writeKeep } from '../../manager/catalogue/annotations.ts';
import { backupType, statusOf } from '../../manager/catalogue/backup.ts';
import { Catalogue } from '../../manager/catalogue/catalogue.ts';
import { findBackup } from '../../manager/catalogue/designation.ts';
import { backupLockPath, takeLock } from '../../manager/catalogue/locks.ts';
import type { Context } from '../context.ts';
import { runManager, usableServerNamed } from '../manager-session.ts';

const ABOUT = `
A backup that is kept is neither deleted by the retention policy nor by hand: "full" keeps it with all WAL since, so that
every later moment can be reached from it; "standalone" with the WAL that makes it whole.

Examples:
    cellarman keep --target full main latest
    cellarman keep --release main 20261122T020000`;

interface KeepFlags {
  readonly release?: boolean;
  readonly status?: boolean;
  readonly target?: Keep;
}

/** `cellarman keep` */
export function define(command: Command, context: Context): void {
  command
    .argument('<server_name>', 'the server')
    .argument('<backup_id>', 'ID or name of a backup, latest, oldest, last-full or last-failed')
    .option('-r, --release', 'let the backup go again')
    .option('-s, --status', 'show whether the backup is kept')
    .addOption(
      new Option('--target <target>', 'keep the backup, with all WAL since or with its own').choices([
        'full',
        'standalone',
      ]),
    )
    .addHelpText('after', ABOUT);
  command.action(async (name: string, designation: string, flags: KeepFlags) => {
    await runManager(command, context, async (session) => {
      const { configuration, messages } = session;
      const { release = false, status = false, target } = flags;
      if ([release, status, target !== undefined].filter(Boolean).length !== 1) {
        return messages.error('one of the arguments -r/--release -s/--status --target is required');
      }
      const server = usableServerNamed(name, session);
      if (server === undefined) return;
      const catalogue = new Catalogue(server, configuration.global);
      const { layout, locks } = catalogue;
      const { id } = findBackup((await catalogue.read()).backups, designation, name);
      if (status) {
        const keep = (await readKeep(layout, id)) ?? 'nokeep';
        messages.result(name, { keep_status: { description: 'Keep', message: keep } });
        return messages.format === 'json' ? undefined : messages.info(`Server ${name}:\n\tKeep: ${keep}`);
      }
      using _lock = await takeLock(backupLockPath(locks, id));
      if (target === undefined) return await releaseKeep(layout, id);
      // It may have been deleted meanwhile.
      const backup = findBackup((await catalogue.read()).backups, id, name);
      if (backupType(backup) === 'incremental') {
        return messages.error(
          `Cannot add keep to backup ${id} because it is an incremental backup. Keep the full one it rests on.`,
        );
      }
      if (statusOf(backup) !== 'DONE') {
        return messages.error(
          `Cannot add keep to backup ${id} because it has status ${statusOf(backup)}. Only backups with status DONE can be kept.`,
        );
      }
      await writeKeep(layout, backup, target);
    });
  });
}
