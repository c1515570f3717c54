import type { ByteString } from '../../system/byte-string.ts';
import type { PostgresVersion } from '../version.ts';
import type { Session } from './session.ts';

/** What a server is, as far as it does not change while it runs; but for `inRecovery` and `timeline`. */
export interface ServerIdentity {
  /** Decimal digits. */
  readonly systemIdentifier: string;
  readonly version: PostgresVersion;
  readonly catalogVersion: number;
  readonly dataDirectory: ByteString;
  /** Bytes. */
  readonly blockSize: number;
  readonly walSegmentSize: number;
  /** Blocks in a relation's file before the next one is begun. */
  readonly relationSegmentBlocks: number;
  readonly checksums: boolean;
  /** A standby, or a server that has not finished its recovery. */
  readonly inRecovery: boolean;
  /** Of the last checkpoint: after a promotion it lags until the next one. */
  readonly timeline: number;
  /** Microseconds since the epoch. */
  readonly startedAt: number;
  readonly superuser: boolean;
}

/** POSTGRES_PRIVILEGE where the user may not see where the data directory is. */
export async function identifyServer(session: Session): Promise<ServerIdentity> {
  const row = await session.one(`
    SELECT s.system_identifier, s.catalog_version_no, i.database_block_size, i.bytes_per_wal_segment,
           i.blocks_per_segment, i.data_page_checksum_version <> 0 AS checksums, c.timeline_id,
           pg_catalog.textsend(pg_catalog.current_setting('data_directory')) AS data_directory,
           pg_catalog.pg_is_in_recovery() AS in_recovery,
           (extract(epoch FROM pg_catalog.pg_postmaster_start_time()) * 1000000)::bigint AS started_at,
           pg_catalog.current_setting('is_superuser') = 'on' AS superuser
      FROM pg_catalog.pg_control_system() s, pg_catalog.pg_control_init() i, pg_catalog.pg_control_checkpoint() c`);
  return {
    systemIdentifier: unsigned(row.text('system_identifier')),
    version: session.version,
    catalogVersion: row.integer('catalog_version_no'),
    dataDirectory: row.bytes('data_directory'),
    blockSize: row.integer('database_block_size'),
    walSegmentSize: row.integer('bytes_per_wal_segment'),
    relationSegmentBlocks: row.integer('blocks_per_segment'),
    checksums: row.flag('checksums'),
    inRecovery: row.flag('in_recovery'),
    timeline: row.integer('timeline_id'),
    startedAt: row.integer('started_at'),
    superuser: row.flag('superuser'),
  };
}

/** Decimal digits; any user may ask. */
export async function readSystemIdentifier(session: Session): Promise<string> {
  const row = await session.one('SELECT system_identifier FROM pg_catalog.pg_control_system()');
  return unsigned(row.text('system_identifier'));
}

/** PostgreSQL shows the unsigned number as a signed one. */
const unsigned = (text: string): string => String(BigInt.asUintN(64, BigInt(text)));

export async function isInRecovery(session: Session): Promise<boolean> {
  return (await session.one('SELECT pg_catalog.pg_is_in_recovery() AS answer')).flag('answer');
}
