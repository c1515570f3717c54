import type { ByteString } from '../../system/byte-string.ts';
import type { Lsn } from '../lsn.ts';

/** The checksum algorithms that PostgreSQL knows (`common/checksum_helper.c`). */
export const CHECKSUM_ALGORITHMS = ['CRC32C', 'SHA224', 'SHA256', 'SHA384', 'SHA512'] as const;
export type ChecksumAlgorithm = (typeof CHECKSUM_ALGORITHMS)[number];

export interface ManifestHeader {
  /** 1 up to PostgreSQL 16, 2 from 17 on. */
  readonly version: 1 | 2;
  /** Decimal digits. Written in version 2 only. */
  readonly systemIdentifier: string | undefined;
}

export interface ManifestFile {
  /** In the data directory; of a tablespace `pg_tblspc/OID/PG_…/…`. */
  readonly path: ByteString;
  /** Bytes. */
  readonly size: number;
  /** Seconds since the epoch. */
  readonly modified: number;
  readonly checksum: { readonly algorithm: ChecksumAlgorithm; readonly hex: string } | undefined;
}

/** WAL that recovery needs, on one timeline. */
export interface WalRange {
  readonly timeline: number;
  readonly start: Lsn;
  readonly end: Lsn;
}

/** Which version `pg_verifybackup` of a major accepts. */
export function manifestVersion(major: number): 1 | 2 {
  return major >= 17 ? 2 : 1;
}
