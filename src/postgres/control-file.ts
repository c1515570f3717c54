import { failure } from '../system/errors.ts';
import { crc32c } from './crc32c.ts';
import type { Lsn } from './lsn.ts';

/** How the cluster was when the file was written (DBState of PostgreSQL's `catalog/pg_control.h`). */
const STATES = [
  'starting up',
  'shut down',
  'shut down in recovery',
  'shutting down',
  'in crash recovery',
  'in archive recovery',
  'in production',
] as const;
export type ClusterState = (typeof STATES)[number];

/** `global/pg_control`: what a cluster is and where its recovery begins. */
export interface ControlFile {
  /** Decimal digits of an unsigned 64-bit number. */
  readonly systemIdentifier: string;
  readonly major: number;
  /** In the names of tablespace directories: `PG_15_202209061`. */
  readonly catalogVersion: number;
  readonly state: ClusterState;
  /** When the file was last written, seconds since the epoch. */
  readonly writtenAt: number;
  /** Of the last checkpoint: its record, where recovery from it begins, its timeline, and its time in seconds. */
  readonly checkpoint: Lsn;
  readonly redo: Lsn;
  readonly timeline: number;
  readonly fullPageWrites: boolean;
  readonly checkpointAt: number;
  /** Of a cluster in archive recovery: it is not consistent before this position. 0 otherwise. */
  readonly minRecoveryPoint: Lsn;
  readonly minRecoveryPointTimeline: number;
  /** Of a cluster that recovers from a base backup whose end was not reached. 0 otherwise. */
  readonly backupStartPoint: Lsn;
  readonly backupEndPoint: Lsn;
  readonly backupEndRequired: boolean;
  readonly walLogHints: boolean;
  /** Bytes of a data page. */
  readonly blockSize: number;
  /** Blocks of a relation's file before the next one is begun. */
  readonly relationSegmentBlocks: number;
  /** Bytes. */
  readonly walBlockSize: number;
  readonly walSegmentSize: number;
  /** 0: pages carry no checksums. */
  readonly checksumVersion: number;
}

// The layout has hardly changed from 13 to 18: only what stands behind `data_checksum_version` has moved.
const CRC_OFFSETS: Readonly<Record<number, number>> = { 1300: 288, 1700: 288, 1800: 292 };

// Fixed when a major is released; 13 to 16 have one layout and only this tells them apart.
const MAJORS: Readonly<Record<number, number>> = {
  202007201: 13,
  202107181: 14,
  202209061: 15,
  202307071: 16,
  202406281: 17,
  202506291: 18,
};

const CHECKPOINT_OFFSET = 32;

/**
 * Reads pg_control of PostgreSQL 13 to 18. CONTROL_FILE_CRC where its checksum does not match (a torn read: read it
 * again), CONTROL_FILE where it is something else.
 */
export function parseControlFile(bytes: Uint8Array): ControlFile {
  const view = checked(bytes);
  const catalogVersion = view.getUint32(12, true);
  const major = MAJORS[catalogVersion];
  if (major === undefined) {
    throw failure('CONTROL_FILE', {
      detail: `has the catalog version ${catalogVersion} of no released PostgreSQL`,
    });
  }
  const state = STATES[view.getUint32(16, true)];
  if (state === undefined) throw failure('CONTROL_FILE', { detail: 'holds an unknown cluster state' });
  const lsn = (offset: number): Lsn => view.getBigUint64(offset, true);
  const number = (offset: number): number => view.getUint32(offset, true);
  const time = (offset: number): number => Number(view.getBigInt64(offset, true));
  const flag = (offset: number): boolean => view.getUint8(offset) !== 0;
  return {
    systemIdentifier: String(view.getBigUint64(0, true)),
    major,
    catalogVersion,
    state,
    writtenAt: time(24),
    checkpoint: lsn(CHECKPOINT_OFFSET),
    redo: lsn(40),
    timeline: number(48),
    fullPageWrites: flag(56),
    checkpointAt: time(104),
    minRecoveryPoint: lsn(136),
    minRecoveryPointTimeline: number(144),
    backupStartPoint: lsn(152),
    backupEndPoint: lsn(160),
    backupEndRequired: flag(168),
    walLogHints: flag(176),
    blockSize: number(216),
    relationSegmentBlocks: number(220),
    walBlockSize: number(224),
    walSegmentSize: number(228),
    checksumVersion: number(252),
  };
}

/**
 * A copy that no server starts from without a backup label: its checkpoint points to where none can be. With the label
 * in place PostgreSQL takes the checkpoint from there; without it, it would start from this file's and be corrupt with
 * no word said. Same errors as {@link parseControlFile}.
 */
export function withoutCheckpoint(bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const view = checked(copy);
  view.setBigUint64(CHECKPOINT_OFFSET, 0xdeadn, true);
  const crcOffset = crcOffsetOf(view);
  view.setUint32(crcOffset, crc32c(copy, 0, 0, crcOffset), true);
  return copy;
}

function checked(bytes: Uint8Array): DataView {
  if (bytes.length < 512) throw failure('CONTROL_FILE', { detail: `has only ${bytes.length} bytes` });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const crcOffset = crcOffsetOf(view);
  if (crc32c(bytes, 0, 0, crcOffset) !== view.getUint32(crcOffset, true)) throw failure('CONTROL_FILE_CRC');
  return view;
}

function crcOffsetOf(view: DataView): number {
  const version = view.getUint32(8, true);
  const offset = CRC_OFFSETS[version];
  if (offset !== undefined) return offset;
  const detail =
    CRC_OFFSETS[view.getUint32(8, false)] === undefined
      ? `has the unknown format version ${version}`
      : 'was written by a big-endian machine, which is not supported';
  throw failure('CONTROL_FILE', { detail });
}
