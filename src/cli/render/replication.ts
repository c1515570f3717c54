import { formatMoment } from '../../manager/catalogue/moment.ts';
import { formatLsn, type Lsn } from '../../postgres/lsn.ts';
import type { WalReceiverClient } from '../../postgres/server/replication.ts';
import { prettySize } from './pretty.ts';
import type { Json } from './python-json.ts';

/** What kind of clients is looked for. */
export const CLIENT_KINDS = {
  all: 'streaming clients',
  'hot-standby': 'hot standby servers',
  'wal-streamer': 'WAL streamers',
} as const;
export type ClientKind = keyof typeof CLIENT_KINDS;

/** A client with where it stands, in Barman's words. */
export interface ShownClient {
  readonly client: WalReceiverClient;
  readonly title: string;
  readonly stage: string;
  /** How far it has come, where it has told. */
  readonly positions: readonly Position[];
}

interface Position {
  readonly label: 'Sent' | 'Write' | 'Flush' | 'Replay';
  readonly lsn: Lsn;
  /** Bytes, negative where it is behind the server. */
  readonly ahead: number;
}

/** Only a standby replays. */
export const isStandby = ({ replayLsn }: WalReceiverClient): boolean => replayLsn !== undefined;

export function showClient(client: WalReceiverClient, serverLsn: Lsn): ShownClient {
  const positions = (
    [
      ['Sent', client.sentLsn],
      ['Write', client.writeLsn],
      ['Flush', client.flushLsn],
      ['Replay', client.replayLsn],
    ] as const
  ).flatMap(([label, lsn]): Position[] =>
    lsn === undefined ? [] : [{ label, lsn, ahead: Number(lsn - serverLsn) }],
  );
  const state = client.syncState ?? 'async';
  const rank = (client.syncPriority ?? 0) > 0 ? `#${client.syncPriority} ` : '';
  const kind = isStandby(client) ? 'standby' : 'WAL streamer';
  return {
    client,
    title: `${rank}${state.charAt(0).toUpperCase()}${state.slice(1)} ${kind}`,
    stage: stageOf(positions, isStandby(client)),
    positions,
  };
}

/** The furthest thing that the client has done with the last byte of the server. */
function stageOf(positions: readonly Position[], standby: boolean): string {
  const done = (label: Position['label']): boolean =>
    positions.some((position) => position.label === label && position.ahead >= 0);
  const levels = standby ? 5 : 3;
  if (standby && done('Replay')) return '5/5 Hot standby (max)';
  if (standby && done('Flush')) return '4/5 2-safe';
  if (done('Write')) return `3/${levels} Remote write`;
  if (done('Sent')) return `2/${levels} WAL Sent (min)`;
  return `1/${levels} 1-safe`;
}

/** The block of a client below its number. */
export function clientLines({ client, title, stage, positions }: ShownClient, number: number): string[] {
  const line = (label: string, value: string | number | undefined): string[] =>
    value === undefined ? [] : [`     ${label.padEnd(16)}: ${value}`];
  return [
    `  ${number}. ${title}`,
    ...line('Application name', client.applicationName ?? '-'),
    ...line('Sync stage', stage),
    ...line('Communication', communication(client)),
    ...line(
      'IP Address',
      client.address === undefined
        ? undefined
        : `${client.address} / Port: ${client.port} / Host: ${client.hostName ?? '-'}`,
    ),
    ...line('User name', client.user ?? '-'),
    ...line('Current state', `${client.state ?? '-'} (${client.syncState ?? '-'})`),
    ...line('Replication slot', client.slot),
    ...line('WAL sender PID', client.pid),
    ...line('Started at', startedAt(client)),
    ...line("Standby's xmin", client.backendXmin),
    ...positions.map(
      ({ label, lsn, ahead }) =>
        `     ${`${label} LSN`.padEnd(11)}: ${formatLsn(lsn)} (diff: ${prettySize(ahead)})`,
    ),
  ];
}

/** The one line of `--minimal`. */
export function clientSummary({ client, positions }: ShownClient, number: number): string {
  const standby = isStandby(client);
  const letter = standby ? (client.syncState ?? 'async').charAt(0).toUpperCase() : 'W';
  const shown = standby ? ['Sent', 'Flush', 'Replay'] : ['Sent', 'Write'];
  const at = positions
    .filter(({ label }) => shown.includes(label))
    .map(({ label, lsn }) => `${label.charAt(0)}:${formatLsn(lsn)}`);
  const where = client.address ?? 'local';
  return `  ${number}. ${letter}) ${client.user ?? '-'}@${where} ${at.join(' ')} P:${client.syncPriority ?? '-'} AN:${client.applicationName ?? '-'}`;
}

export function clientJson({ client, title, stage, positions }: ShownClient): Json {
  return {
    name: title,
    application_name: client.applicationName ?? null,
    sync_stage: stage,
    communication: communication(client),
    ip_address: client.address,
    port: client.address === undefined ? undefined : (client.port ?? null),
    host: client.address === undefined ? undefined : (client.hostName ?? null),
    user_name: client.user ?? null,
    current_state: client.state ?? null,
    current_sync_state: client.syncState ?? null,
    replication_slot: client.slot,
    wal_sender_pid: client.pid,
    started_at: startedAt(client) ?? null,
    standbys_xmin: client.backendXmin,
    ...Object.fromEntries(
      positions.flatMap(({ label, lsn, ahead }) => {
        const key = `${label.toLowerCase()}_lsn`;
        return [
          [key, formatLsn(lsn)],
          [`${key}_diff`, prettySize(ahead)],
          [`${key}_diff_bytes`, ahead],
        ];
      }),
    ),
  };
}

const communication = ({ address }: WalReceiverClient): string =>
  address === undefined ? 'Unix domain socket' : 'TCP/IP';

function startedAt({ startedAt: epoch }: WalReceiverClient): string | undefined {
  return epoch === undefined ? undefined : formatMoment({ epoch, offset: 0 });
}
