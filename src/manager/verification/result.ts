import { join } from 'node:path';
import type { Layout } from '../catalogue/layout.ts';
import { readIfPresent } from '../catalogue/read-file.ts';
import { writeCatalogueFile } from '../catalogue/write-file.ts';

/**
 * What can be looked at of a backup.
 * - `files`: every file against the manifest of its copy, by xxh64.
 * - `backup_manifest`: every file against PostgreSQL's manifest, as pg_verifybackup does it.
 * - `cluster`: the files without which no server starts, and that backup_label and pg_control agree with the catalogue.
 * - `pages`: the checksum of every page of every relation.
 * - `wal`: the segments from begin to end, each record's CRC, and the record that ends the backup.
 * - `restore`: a server that was started from it.
 */
export const CHECKS = ['files', 'backup_manifest', 'cluster', 'pages', 'wal', 'restore'] as const;
export type CheckName = (typeof CHECKS)[number];

export interface CheckOutcome {
  readonly check: CheckName;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** What was looked at, or why nothing was. */
  readonly detail: string;
}

/** Something that is wrong with the backup. */
export interface VerificationFinding {
  readonly check: CheckName;
  /** For people: a path below the backup's directory, or the name of a WAL file. */
  readonly path: string | null;
  readonly detail: string;
}

/** Seconds of each step of a restore test. */
export interface RestoreTimes {
  readonly restore: number;
  /** From the start of the server until it was consistent. */
  readonly recovery: number;
  /** amcheck and the statements given. */
  readonly checks: number;
}

/**
 * What `verify-backup` found the last time, kept in `base/<ID>/.cellarman/verification.json`, so that it goes with the
 * backup.
 */
export interface VerificationResult {
  readonly backup: string;
  /** Milliseconds since the epoch. */
  readonly started: number;
  readonly finished: number;
  /** Whether nothing is wrong with it. */
  readonly passed: boolean;
  readonly checks: readonly CheckOutcome[];
  /** The first of them; `findingCount` counts all. */
  readonly findings: readonly VerificationFinding[];
  readonly findingCount: number;
  /** Of the restore test, where one was made. */
  readonly restore: RestoreTimes | null;
}

const VERSION = 1;

const pathOf = (layout: Pick<Layout, 'backup'>, id: string): string =>
  join(layout.backup(id), '.cellarman', 'verification.json');

/** Null where the backup was never verified, or by a program whose words this one does not know. */
export async function readVerification(
  layout: Pick<Layout, 'backup'>,
  id: string,
): Promise<VerificationResult | null> {
  const content = await readIfPresent(pathOf(layout, id));
  if (content === null) return null;
  try {
    const { version, ...result } = JSON.parse(content.toString('utf8')) as VerificationResult & {
      readonly version: unknown;
    };
    return version === VERSION ? result : null;
  } catch {
    return null;
  }
}

export async function writeVerification(
  layout: Pick<Layout, 'backup'>,
  result: VerificationResult,
): Promise<void> {
  const text = JSON.stringify({ version: VERSION, ...result }, undefined, 2);
  await writeCatalogueFile(pathOf(layout, result.backup), `${text}\n`);
}
