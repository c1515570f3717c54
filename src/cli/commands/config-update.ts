import type { Command } from 'commander';
import { planChanges } from '../../manager/config/changes.ts';
import { applyChanges } from '../../manager/config/changes-queue.ts';
import { autoConfigPath } from '../../manager/config/files.ts';
import { readBarmansFiles } from '../../manager/config/load.ts';
import { redact } from '../../postgres/conninfo/redact.ts';
import type { Context } from '../context.ts';
import { runManager } from '../manager-session.ts';

const ABOUT = `
The changes are a JSON array of objects, each with "scope" ("server" or "model"), "server_name" or "model_name", and the
options with their new values. An option is changed in the file that sets it; what no file sets yet goes to
.barman.auto.conf in barman_home.`;

/** `cellarman config-update` */
export function define(command: Command, context: Context): void {
  command.argument('<json_changes>', 'the changes, as below').addHelpText('after', ABOUT);
  command.action(async (json: string) => {
    await runManager(command, context, async ({ configuration, messages }) => {
      const { main, included } = readBarmansFiles({ explicit: configuration.mainFile, env: context.env });
      const fallback = autoConfigPath(configuration.global.barman_home);
      const changes = planChanges(json, configuration, [main, ...included], fallback);
      for (const { section, changes_set: set } of await applyChanges(configuration.global, changes)) {
        for (const { key, value, config_file: path } of set) {
          const file = [main, ...included].find((each) => each.path === path);
          const before = file?.ini.sections.get(section)?.get(key)?.text ?? 'None';
          const values = `from '${redact(before)}' to '${redact(value)}'`;
          messages.info(
            `Changing value of option '${key}' for section '${section}' ${values} through config-update.`,
          );
        }
      }
    });
  });
}
