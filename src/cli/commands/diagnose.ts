import type { Command } from 'commander';
import { diagnoseServer } from '../../manager/status/diagnose-server.ts';
import type { Context } from '../context.ts';
import { runManager } from '../manager-session.ts';
import { diagnosisJson } from '../render/diagnosis.ts';
import { indentedJson } from '../render/python-json.ts';

const ABOUT = `
The document holds the configuration, the state of each server and its PostgreSQL, all backups and the newest WAL; what
could not be found out is under "problems". Passwords in connection strings are hidden; commands, such as ssh_command and
those of hook scripts, are shown as they are configured. Read it before it is given away.`;

/** `cellarman diagnose` */
export function define(command: Command, context: Context): void {
  command.addHelpText('after', ABOUT);
  command.option('--show-config-source', 'tell of each option which file it comes from');
  command.action(async ({ showConfigSource = false }: { readonly showConfigSource?: boolean }) => {
    await runManager(command, context, async ({ configuration, messages, signal }) => {
      const servers = await Promise.all(
        [...configuration.servers.values()].map((server) => diagnoseServer(server, configuration, signal)),
      );
      messages.info(indentedJson(diagnosisJson(configuration, servers, showConfigSource), { sorted: true }));
    });
  });
}
