import type { Command } from 'commander';
import { Catalogue } from '../../manager/catalogue/catalogue.ts';
import { findBackup } from '../../manager/catalogue/designation.ts';
import { verifyBackup } from '../../manager/verification/verify.ts';
import type { Context } from '../context.ts';
import { runManager, serverNamed } from '../manager-session.ts';
import { findingText, verificationJson, verificationText } from '../render/verification.ts';

const ABOUT = `
Reads every file of the backup once and compares it with the hashes that were taken when it was copied, with
backup_manifest where there is one, and with the checksums of its pages; reads the WAL from the backup's begin to its
end; looks whether backup_label and pg_control are of this backup. Works for backups that Barman made, too: they have no
hashes of their own, see generate-manifest.

The exit status is 1 when anything is wrong. show-backup shows the result from then on.`;

/** `cellarman verify-backup` */
export function define(command: Command, context: Context): void {
  command
    .argument('<server_name>', 'the server')
    .argument('<backup_id>', 'ID or name of a backup, latest, oldest, last-full or last-failed')
    .addHelpText('after', ABOUT);
  command.action(async (name: string, designation: string) => {
    await runManager(command, context, async (session) => {
      const { configuration, messages, signal } = session;
      const server = serverNamed(name, session);
      if (server === undefined) return;
      const { options } = server;
      const catalogue = new Catalogue(server, configuration.global);
      const backup = findBackup((await catalogue.read()).backups, designation, name);
      const result = await verifyBackup({
        catalogue,
        backup,
        compression: options,
        jobs: options.parallel_jobs,
        restoreTest: undefined,
        onFinding: (finding) => messages.error(findingText(finding)),
        signal,
      });
      messages.result(name, verificationJson(result));
      messages.info(verificationText(result));
    });
  });
}
