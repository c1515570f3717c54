import type { Command } from 'commander';
import { loadConfiguration } from '../../manager/config/load.ts';
import { switchModel } from '../../manager/config/switch-model.ts';
import { redact } from '../../postgres/conninfo/redact.ts';
import type { Context } from '../context.ts';
import { runManager, serverNamed } from '../manager-session.ts';

const ABOUT = `
A model is a section with "model = true" and the cluster of the server; its options take the place of the server's own.

Examples:
    cellarman config-switch main disaster
    cellarman config-switch main --reset`;

/** `cellarman config-switch` */
export function define(command: Command, context: Context): void {
  command
    .argument('<server_name>', 'the server')
    .argument('[model_name]', 'the model, of the same cluster')
    .option('--reset', 'go back to the options of the server itself');
  command.addHelpText('after', ABOUT);
  command.action(
    async (name: string, model: string | undefined, { reset = false }: { readonly reset?: boolean }) => {
      await runManager(command, context, async (session) => {
        const { configuration, messages } = session;
        if (model === undefined && !reset)
          return messages.error("Either a model name or '--reset' flag need to be given");
        if (serverNamed(name, session) === undefined) return;
        const reload = () => loadConfiguration({ explicit: configuration.mainFile, env: context.env });
        const changed = await switchModel(configuration, name, reset ? null : (model ?? null), reload);
        if (reset) messages.info(`Resetting the active model for the server ${name}`);
        else if (changed === undefined)
          return messages.info(`Model '${model}' is already active for server '${name}', skipping...`);
        else messages.info(`Applying model '${model}' to server '${name}'`);
        const by = reset ? '' : ` through the model '${model}'`;
        for (const { key, from, to } of changed ?? []) {
          const values = `from '${redact(from)}' to '${redact(to)}'`;
          messages.info(`Changing value of option '${key}' for server '${name}' ${values}${by}`);
        }
      });
    },
  );
}
