import type { Command } from 'commander';
import { readLiveStatus } from '../../manager/report/live-status.ts';
import { redact } from '../../postgres/conninfo/redact.ts';
import type { Context } from '../context.ts';
import { runManager, serversNamed } from '../manager-session.ts';
import { serverSettings } from '../render/server-settings.ts';
import { serverMark } from '../server-label.ts';

const ABOUT = `
Shows every option as it holds for the server: its own line, that of [barman], or the default. Passwords are hidden.`;

/** `cellarman show-servers` */
export function define(command: Command, context: Context): void {
  command.argument('<server_name...>', "servers, or 'all'");
  command.addHelpText('after', ABOUT);
  command.action(async (names: readonly string[]) => {
    await runManager(command, context, async (session) => {
      for (const server of serversNamed(names, session)) {
        const { values, problem } = await readLiveStatus(server, session.signal);
        if (problem !== undefined) {
          session.messages.warning(`PostgreSQL of server '${server.name}' is not shown: ${problem.message}`);
        }
        const settings = await serverSettings(server, session.configuration, values);
        session.messages.result(
          server.name,
          Object.fromEntries(
            settings.map(({ key, json }) => [key, typeof json === 'string' ? redact(json) : json]),
          ),
        );
        if (session.messages.format === 'json') continue;
        session.messages.info(`Server ${server.name}${serverMark(server)}:`);
        for (const { key, shown } of settings) session.messages.info(`\t${key}: ${redact(shown)}`);
        for (const reason of server.disabledBecause) session.messages.info(`\tdisabled because: ${reason}`);
      }
    });
  });
}
