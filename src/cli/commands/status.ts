import type { Command } from 'commander';
import { Catalogue } from '../../manager/catalogue/catalogue.ts';
import type { ServerConfig } from '../../manager/config/configuration.ts';
import { reportBackups } from '../../manager/report/backup-report.ts';
import { type LiveStatus, readLiveStatus } from '../../manager/report/live-status.ts';
import type { Context } from '../context.ts';
import { type ManagerSession, runManager, serversNamed } from '../manager-session.ts';
import { tellDamage } from '../render/damage.ts';
import { statusRows } from '../render/status.ts';

const ABOUT = `
Shows description, PostgreSQL and its settings, archiving and its failures, the retention policy, and how many backups
there are. Nothing is judged: that is what check does.`;

/** `cellarman status` */
export function define(command: Command, context: Context): void {
  command.argument('<server_name...>', "servers, or 'all'");
  command.addHelpText('after', ABOUT);
  command.action(async (names: readonly string[]) => {
    await runManager(command, context, async (session) => {
      const servers = serversNamed(names, session);
      // All are asked at once; they are told in the order of their names.
      const asked = servers.map((server) => ({ server, live: ask(server, session) }));
      for (const { server, live } of asked) await tell(server, await live, session);
    });
  });
}

async function ask(server: ServerConfig, { signal }: ManagerSession): Promise<LiveStatus> {
  const isPassive = server.options.primary_ssh_command !== null;
  return isPassive ? { values: {}, problem: undefined } : readLiveStatus(server, signal);
}

async function tell(
  server: ServerConfig,
  { values, problem }: LiveStatus,
  { configuration, messages }: ManagerSession,
): Promise<void> {
  if (problem !== undefined)
    messages.warning(`PostgreSQL of server '${server.name}' is not shown: ${problem.message}`);
  const report = await reportBackups(new Catalogue(server, configuration.global), server, Date.now());
  tellDamage(report, messages);
  const rows = statusRows(server, values, report);
  messages.result(
    server.name,
    Object.fromEntries(rows.map(({ key, description, message }) => [key, { description, message }])),
  );
  if (messages.format === 'json') return;
  messages.info(`Server ${server.name}:`);
  for (const { description, message } of rows) messages.info(`\t${description}: ${message}`);
}
