import type { Command } from 'commander';
import { Catalogue } from '../../manager/catalogue/catalogue.ts';
import { findBackup } from '../../manager/catalogue/designation.ts';
import { Hooks } from '../../manager/hooks/hooks.ts';
import { planRemovals, removeBackups } from '../../manager/removal/remove-backups.ts';
import type { Context } from '../context.ts';
import { runManager, usableServerNamed } from '../manager-session.ts';
import { removalTeller } from '../render/removal.ts';

const ABOUT = `
A backup is given by its ID, by its name, or as oldest, latest and so on. With it go the block-incremental backups that
rest on it, and all WAL that no backup needs any more. What is kept ("cellarman keep") or needed for minimum_redundancy
stays. A deletion that was interrupted is finished by another one, or by cron.

Examples:
    cellarman delete main oldest --dry-run`;

/** `cellarman delete` */
export function define(command: Command, context: Context): void {
  command
    .argument('<server_name>', 'the server')
    .argument('<backup_id...>', 'IDs or names of backups, latest, oldest, last-full or last-failed')
    .option('--dry-run', 'only show what would be deleted')
    .addHelpText('after', ABOUT);
  command.action(
    async (
      name: string,
      designations: readonly string[],
      { dryRun = false }: { readonly dryRun?: boolean },
    ) => {
      await runManager(command, context, async (session) => {
        const { configuration, messages, log, signal } = session;
        const server = usableServerNamed(name, session);
        if (server === undefined) return;
        const catalogue = new Catalogue(server, configuration.global);
        const { backups, damaged } = await catalogue.read();
        const unreadable = damaged.find(({ id }) => designations.includes(id));
        if (unreadable !== undefined) return messages.error(unreadable.reason);
        const ids = [...new Set(designations.map((each) => findBackup(backups, each, name).id))];
        const tell = removalTeller(name, messages, dryRun);
        const hooks = new Hooks(server, { mainFile: configuration.mainFile, log });
        const site = { server, catalogue, hooks, signal };
        for await (const event of dryRun ? planRemovals(site, ids) : removeBackups(site, ids)) {
          tell(event);
          if (event.type === 'refused') messages.error(`Cannot delete backup ${event.id} of server ${name}`);
        }
      });
    },
  );
}
