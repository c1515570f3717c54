import type { Command } from 'commander';
import { readDamage } from '../../manager/backup/damage.ts';
import { Catalogue } from '../../manager/catalogue/catalogue.ts';
import { findBackup } from '../../manager/catalogue/designation.ts';
import { describeBackup } from '../../manager/report/backup-details.ts';
import { reportBackups } from '../../manager/report/backup-report.ts';
import { failure } from '../../system/errors.ts';
import type { Context } from '../context.ts';
import { runManager, serverNamed } from '../manager-session.ts';
import { backupDetailsJson } from '../render/backup-details-json.ts';
import { backupDetailsText } from '../render/backup-details-text.ts';
import { tellDamage } from '../render/damage.ts';

const ABOUT = `
Shows begin and end, sizes, tablespaces, WAL, timelines, the retention policy's opinion, whether pages were damaged on the
server, and how the last verify-backup ended.

Examples:
    cellarman show-backup main latest`;

/** `cellarman show-backup` */
export function define(command: Command, context: Context): void {
  command
    .argument('<server_name>', 'the server')
    .argument('<backup_id>', 'ID or name of a backup, latest, oldest, last-full or last-failed');
  command.addHelpText('after', ABOUT);
  command.action(async (name: string, designation: string) => {
    await runManager(command, context, async (session) => {
      const { configuration, messages } = session;
      const server = serverNamed(name, session);
      if (server === undefined) return;
      const catalogue = new Catalogue(server, configuration.global);
      const report = await reportBackups(catalogue, server, Date.now());
      tellDamage(report, messages);
      if (report.damagedBackups.some(({ id }) => id === designation)) return;
      const backups = report.backups.map(({ backup }) => backup);
      const { id } = findBackup(backups, designation, name);
      const reported = report.backups.find(({ backup }) => backup.id === id);
      if (reported === undefined) throw failure('BACKUP_UNKNOWN', { id, server: name });
      const details = await describeBackup(catalogue, server, reported, backups);
      const damage = await readDamage(catalogue.layout, id);
      const damaged = damage.map(({ path, blocks }) => ({ path, blocks: [...blocks] }));
      messages.result(name, {
        ...backupDetailsJson(details),
        ...(damaged.length > 0 ? { damaged_pages: damaged } : {}),
      });
      if (messages.format === 'console') messages.info(backupDetailsText(details, name));
      for (const { path, blocks } of damage)
        messages.warning(`${path} was damaged on the server: page ${blocks.join(', ')} failed its checksum`);
      if (details.timelines.length > 0) {
        messages.warning(
          'WAL information is inaccurate due to multiple timelines interacting with this backup',
        );
      }
    });
  });
}
