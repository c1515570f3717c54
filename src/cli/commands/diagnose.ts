import type { Command } from 'commander';
import { diagnoseServer } from '../../manager/status/diagnose-server.ts';
import type { Context } from '../context.ts';
import { runManager } from '../manager-session.ts';
import { diagnosisJson } from '../render/diagnosis.ts';
import { indentedJson } from '../render/python-json.ts';

/** `cellarman diagnose` */
export function define(command: Command, context: Context): void {
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
