import type { Lsn } from '../lsn.ts';
import type { Session } from './session.ts';

export interface ReplicationSlot {
  readonly name: string;
  readonly type: 'physical' | 'logical';
  readonly active: boolean;
  /** The oldest WAL that the slot keeps; undefined where it keeps none. */
  readonly restartLsn: Lsn | undefined;
  /** `reserved`, `extended`, `unreserved` or `lost`; undefined where it keeps none. */
  readonly walStatus: string | undefined;
}

export async function listReplicationSlots(session: Session): Promise<ReplicationSlot[]> {
  const rows = await session.all(
    'SELECT slot_name, slot_type, active, restart_lsn, wal_status FROM pg_catalog.pg_replication_slots ORDER BY 1',
  );
  return rows.map((row) => ({
    name: row.text('slot_name'),
    type: row.text('slot_type') === 'logical' ? 'logical' : 'physical',
    active: row.flag('active'),
    restartLsn: row.maybe('restart_lsn', row.lsn),
    walStatus: row.maybe('wal_status', row.text),
  }));
}

/** A client that streams WAL. What a user without `pg_read_all_stats` may not see is undefined. */
export interface WalReceiverClient {
  readonly pid: number;
  readonly user: string | undefined;
  readonly applicationName: string | undefined;
  /** Undefined for a local socket. */
  readonly address: string | undefined;
  readonly hostName: string | undefined;
  readonly port: number | undefined;
  readonly slot: string | undefined;
  /** `startup`, `catchup`, `streaming`, `backup`, `stopping`. */
  readonly state: string | undefined;
  readonly syncState: string | undefined;
  readonly syncPriority: number | undefined;
  readonly sentLsn: Lsn | undefined;
  readonly writeLsn: Lsn | undefined;
  readonly flushLsn: Lsn | undefined;
  readonly replayLsn: Lsn | undefined;
  /** Microseconds since the epoch. */
  readonly startedAt: number | undefined;
  readonly backendXmin: string | undefined;
}

export async function listWalReceiverClients(session: Session): Promise<WalReceiverClient[]> {
  const rows = await session.all(`
    SELECT r.pid, r.usename, r.application_name, r.client_addr, r.client_hostname, r.client_port, s.slot_name,
           r.state, r.sync_state, r.sync_priority, r.sent_lsn, r.write_lsn, r.flush_lsn, r.replay_lsn,
           (extract(epoch FROM r.backend_start) * 1000000)::bigint AS started_at, r.backend_xmin
      FROM pg_catalog.pg_stat_replication r
      LEFT JOIN pg_catalog.pg_replication_slots s ON s.active_pid = r.pid
     ORDER BY r.sync_state DESC, r.sync_priority, r.pid`);
  return rows.map((row) => ({
    pid: row.integer('pid'),
    user: row.maybe('usename', row.text),
    applicationName: row.maybe('application_name', row.text),
    address: row.maybe('client_addr', row.text),
    hostName: row.maybe('client_hostname', row.text),
    port: row.maybe('client_port', row.integer),
    slot: row.maybe('slot_name', row.text),
    state: row.maybe('state', row.text),
    syncState: row.maybe('sync_state', row.text),
    syncPriority: row.maybe('sync_priority', row.integer),
    sentLsn: row.maybe('sent_lsn', row.lsn),
    writeLsn: row.maybe('write_lsn', row.lsn),
    flushLsn: row.maybe('flush_lsn', row.lsn),
    replayLsn: row.maybe('replay_lsn', row.lsn),
    startedAt: row.maybe('started_at', row.integer),
    backendXmin: row.maybe('backend_xmin', row.text),
  }));
}
