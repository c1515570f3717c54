import type { Command } from 'commander';
import { Catalogue } from '../../manager/catalogue/catalogue.ts';
import type { ServerConfig } from '../../manager/config/configuration.ts';
import { reportBackups } from '../../manager/report/backup-report.ts';
import { checkContinuity, tellGaps } from '../../manager/wal/continuity/continuity.ts';
import type { Context } from '../context.ts';
import { type ManagerSession, runManager, serversNamed } from '../manager-session.ts';
import { backupLine, backupListJson } from '../render/backup-list.ts';
import { tellDamage } from '../render/damage.ts';

interface ListFlags {
  readonly minimal?: boolean;
  readonly why?: boolean;
}

const ABOUT = `
Lists the backups, the newest first: state, end, size, WAL since, and what the retention policy says. A gap in the WAL is
a warning.

Examples:
    cellarman list-backups main
    cellarman list-backups all --why`;

/** `cellarman list-backups` */
export function define(command: Command, context: Context): void {
  command
    .argument('<server_name...>', "servers, or 'all'")
    .option('--minimal', 'IDs only')
    .option('--why', 'tell why the retention policy keeps each backup or lets it go');
  command.addHelpText('after', ABOUT);
  command.action(async (names: readonly string[], flags: ListFlags) => {
    await runManager(command, context, async (session) => {
      for (const server of serversNamed(names, session)) await list(server, flags, session);
    });
  });
}

async function list(
  server: ServerConfig,
  { minimal = false, why = false }: ListFlags,
  { configuration, messages }: ManagerSession,
): Promise<void> {
  const catalogue = new Catalogue(server, configuration.global);
  const report = await reportBackups(catalogue, server, Date.now());
  tellDamage(report, messages);
  const newestFirst = report.backups.toReversed();
  messages.result(
    server.name,
    newestFirst.map((reported) => (minimal ? reported.backup.id : backupListJson(reported, why))),
  );
  if (messages.format === 'console') {
    for (const reported of newestFirst)
      messages.info(minimal ? reported.backup.id : backupLine(server.name, reported, why));
  }
  if (minimal) return;
  const backups = report.backups.map(({ backup }) => backup);
  for (const gap of tellGaps(await checkContinuity(catalogue, server, backups)))
    messages.warning(`server ${server.name}: ${gap}`);
}
