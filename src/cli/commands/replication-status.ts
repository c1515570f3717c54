import { type Command, Option } from 'commander';
import type { ServerConfig } from '../../manager/config/configuration.ts';
import { openDatabase } from '../../manager/server/database.ts';
import { formatLsn, type Lsn } from '../../postgres/lsn.ts';
import { listWalReceiverClients, type WalReceiverClient } from '../../postgres/server/replication.ts';
import { walPosition } from '../../postgres/server/wal-position.ts';
import { isFailure } from '../../system/errors.ts';
import type { Context } from '../context.ts';
import { isUsable, type ManagerSession, runManager, serversNamed } from '../manager-session.ts';
import {
  CLIENT_KINDS,
  type ClientKind,
  clientJson,
  clientLines,
  clientSummary,
  isStandby,
  showClient,
} from '../render/replication.ts';

interface ReplicationFlags {
  readonly minimal?: boolean;
  readonly target: ClientKind;
  readonly source: 'backup-host' | 'wal-host';
}

/** `cellarman replication-status` */
export function define(command: Command, context: Context): void {
  command
    .argument('<server_name...>', "servers, or 'all'")
    .option('--minimal', 'one line for each client')
    .addOption(
      new Option('--target <kind>', 'which clients are shown')
        .choices(Object.keys(CLIENT_KINDS))
        .default('all'),
    )
    .addOption(
      new Option('--source <host>', 'ask the server of conninfo, or that of wal_conninfo')
        .choices(['backup-host', 'wal-host'])
        .default('backup-host'),
    );
  command.action(async (names: readonly string[], flags: ReplicationFlags) => {
    await runManager(command, context, async (session) => {
      for (const server of serversNamed(names, session)) {
        if (!isUsable(server, session)) continue;
        if (server.options.primary_ssh_command !== null)
          session.messages.info(`Skipping passive server '${server.name}'`);
        else await show(server, flags, session);
      }
    });
  });
}

async function show(
  server: ServerConfig,
  { minimal = false, target, source }: ReplicationFlags,
  { messages, signal }: ManagerSession,
): Promise<void> {
  const { name } = server;
  let found: { readonly lsn: Lsn; readonly clients: readonly WalReceiverClient[] };
  try {
    const which = source === 'wal-host' ? 'wal_conninfo' : 'conninfo';
    await using database = await openDatabase(server, which, signal);
    found = { lsn: await walPosition(database), clients: await listWalReceiverClients(database) };
  } catch (error) {
    if (!isFailure(error) || isFailure(error, 'ABORTED')) throw error;
    return messages.error(`Unable to connect to server ${name}: ${error.message}`);
  }
  const wanted = found.clients.filter(
    (client) => target === 'all' || isStandby(client) === (target === 'hot-standby'),
  );
  const shown = wanted.map((client) => showClient(client, found.lsn));
  const kind = CLIENT_KINDS[target];
  const lsn = formatLsn(found.lsn);
  const none = `No ${kind} attached`;
  messages.result(name, {
    server_lsn: lsn,
    standby_info: shown.length === 0 ? none : undefined,
    [kind.toLowerCase().replaceAll(' ', '_')]: shown.map(clientJson),
  });
  if (messages.format === 'json') return;
  const title = `${kind.charAt(0).toUpperCase()}${kind.slice(1)}`;
  if (minimal) messages.info(`${title} for master '${name}' (LSN @ ${lsn}):`);
  else {
    messages.info(`Status of ${kind} for server '${name}':`);
    messages.info(`  Current LSN on master: ${lsn}`);
  }
  if (shown.length === 0) messages.info(`  ${none}`);
  else if (!minimal) messages.info(`  Number of ${kind}: ${shown.length}`);
  for (const [index, client] of shown.entries()) {
    if (minimal) messages.info(clientSummary(client, index + 1));
    else for (const line of ['', ...clientLines(client, index + 1)]) messages.info(line);
  }
}
