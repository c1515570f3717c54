import type { Command } from 'commander';
import { Catalogue } from '../../manager/catalogue/catalogue.ts';
import type { ServerConfig } from '../../manager/config/configuration.ts';
import { askPrimary } from '../../manager/status/primary-sync-info.ts';
import { type SyncPoint, walsSince } from '../../manager/status/sync-info.ts';
import type { Context } from '../context.ts';
import { type ManagerSession, runManager, usableServerNamed } from '../manager-session.ts';
import { wholeNumber } from '../option-table.ts';
import { backupJson } from '../render/backup-json.ts';
import { indentedJson, type Json } from '../render/python-json.ts';
import { serverConfigJson } from '../render/server-config-json.ts';
import { readVersion } from '../version.ts';

const ABOUT = `
Prints the backups of a server, the WAL that was archived after LAST_WAL, and the options, as one JSON document. A
passive node of Barman asks for it over ssh. LAST_POSITION is the last_position of the answer before this one.`;

/** `cellarman sync-info` */
export function define(command: Command, context: Context): void {
  command
    .argument('<server_name>', 'the server')
    .argument('[last_wal]', 'name of the last WAL file that is known already')
    .argument('[last_position]', 'where it stands in xlog.db')
    .option('--primary', 'of a passive server: ask its primary node')
    .addHelpText('after', ABOUT);
  command.action(
    async (
      name: string,
      lastWal: string | undefined,
      position: string | undefined,
      { primary = false }: { readonly primary?: boolean },
    ) => {
      const point: SyncPoint | undefined =
        lastWal === undefined
          ? undefined
          : {
              name: lastWal,
              ...(position === undefined ? {} : { position: wholeNumber('last_position', position, 1) }),
            };
      await runManager(command, context, async (session) => {
        const server = usableServerNamed(name, session);
        if (server === undefined) return;
        const answer = primary
          ? await ofPrimary(server, point, session)
          : await ofServer(server, point, session);
        // Also with -q, since nothing else is asked for; and never wrapped into another document.
        if (answer !== undefined) context.stdout.write(answer);
      });
    },
  );
}

async function ofServer(
  server: ServerConfig,
  point: SyncPoint | undefined,
  { configuration, messages }: ManagerSession,
): Promise<string> {
  const catalogue = new Catalogue(server, configuration.global);
  const { backups, damaged } = await catalogue.read();
  for (const { id, reason } of damaged) messages.error(`backup ${id} cannot be used: ${reason}`);
  const wals = await walsSince(catalogue, point);
  const info: Json = {
    last_position: wals.lastPosition,
    last_name: wals.lastName,
    backups: Object.fromEntries(backups.map((backup) => [backup.id, backupJson(backup)])),
    wals: wals.entries.map(({ compression, encryption, name, size, time }) => {
      return { compression, encryption, name, size, time };
    }),
    version: readVersion(),
    config: Object.fromEntries(serverConfigJson(server)),
  };
  return indentedJson(info, { sorted: false });
}

async function ofPrimary(
  { name, options }: ServerConfig,
  point: SyncPoint | undefined,
  { configuration, messages, signal }: ManagerSession,
): Promise<string | undefined> {
  if (options.primary_ssh_command === null) {
    messages.error(`server ${name} is not passive`);
    return undefined;
  }
  const config = options.forward_config_path ? ['-c', configuration.mainFile] : [];
  const from = point === undefined ? [] : [point.name];
  const at = point?.position === undefined ? [] : [String(point.position)];
  const line = ['barman', ...config, 'sync-info', name, ...from, ...at];
  return askPrimary(options.primary_ssh_command, line, signal);
}
