import { existsSync } from 'node:fs';
import type { Endpoint } from '../../sync/endpoint.ts';
import { localEndpoint } from '../../sync/endpoints/local.ts';
import { byteString, fromText } from '../../system/byte-string.ts';
import { failure } from '../../system/errors.ts';
import { type Backup, isCopied, statusOf } from '../catalogue/backup.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { shareBackup } from '../catalogue/locks.ts';
import { Compression, type CompressionOptions } from '../wal/compression/compression.ts';
import { examineCluster } from './examine-cluster.ts';
import { examineFiles } from './examine-files.ts';
import { examineWal } from './examine-wal.ts';
import { Findings } from './findings.ts';
import type { RestoreTest } from './restore-test.ts';
import {
  type CheckName,
  type VerificationFinding,
  type VerificationResult,
  writeVerification,
} from './result.ts';
import { SuspectPages } from './suspect-pages.ts';

export interface VerifyOrder {
  readonly catalogue: Catalogue;
  readonly backup: Backup;
  readonly compression: CompressionOptions;
  /** Worker threads. */
  readonly jobs: number;
  /** Starts a server from the backup; tells what is wrong. Undefined: not wanted. */
  readonly restoreTest: ((tell: (detail: string) => void) => Promise<RestoreTest>) | undefined;
  readonly onFinding: (finding: VerificationFinding) => void;
  readonly signal: AbortSignal;
}

/**
 * Looks at everything a restore of the backup would need, and leaves the result beside it. Rejects with what is no matter
 * of the backup: LOCKED, BACKUP_UNFINISHED, ABORTED, errors of a restore test that never came to its server.
 */
export async function verifyBackup(order: VerifyOrder): Promise<VerificationResult> {
  const { catalogue, backup, restoreTest, onFinding } = order;
  const started = Date.now();
  if (!isCopied(backup)) throw failure('BACKUP_UNFINISHED', { id: backup.id, status: statusOf(backup) });
  const findings = new Findings(onFinding);
  {
    // Nobody deletes it meanwhile.
    using _lock = await shareBackup(catalogue.locks, backup.id, order.signal);
    await examine(order, findings);
  }
  const test = await restoreTest?.((detail) => findings.add('restore', null, detail));
  if (test !== undefined) findings.end('restore', test.detail);
  const result: VerificationResult = {
    backup: backup.id,
    started,
    finished: Date.now(),
    passed: findings.count === 0,
    checks: findings.checks,
    findings: findings.kept,
    findingCount: findings.count,
    restore: test?.times ?? null,
  };
  if (existsSync(catalogue.layout.backup(backup.id))) await writeVerification(catalogue.layout, result);
  return result;
}

async function examine(order: VerifyOrder, findings: Findings): Promise<void> {
  const { catalogue, backup, compression: options, jobs, signal } = order;
  const { layout } = catalogue;
  const root = fromText(layout.backup(backup.id));
  const tree = localEndpoint(root);
  const suspects = new SuspectPages();
  const compression = new Compression(options);
  try {
    const closed = await closedBecause(tree, backup);
    if (closed !== undefined) {
      for (const check of OF_FILES) findings.skip(check, closed);
      const onRecord = (): void => {};
      await examineWal({ layout, backup, label: undefined, compression, onRecord, signal }, findings);
      return;
    }
    const { control, label } = await examineCluster(tree, backup, findings);
    findings.end(
      'cluster',
      control === undefined ? 'pg_control, backup_label' : `PostgreSQL ${control.major}`,
    );
    const spec = { kind: 'local', root } as const;
    const { pages } = await examineFiles({ tree, spec, backup, control, jobs, signal }, findings, suspects);
    const onRecord = suspects.any ? suspects.replay.bind(suspects) : () => {};
    const walRead = await examineWal({ layout, backup, label, compression, onRecord, signal }, findings);
    suspects.tell(findings, walRead);
    if (pages !== undefined) findings.end('pages', `${pages} pages`);
    else
      findings.skip(
        'pages',
        control === undefined ? 'pg_control cannot be read' : 'the cluster has no page checksums',
      );
  } finally {
    await tree.close();
  }
}

const OF_FILES: readonly CheckName[] = ['cluster', 'files', 'backup_manifest', 'pages'];

/** Why the files of a backup cannot be looked at. */
async function closedBecause(tree: Endpoint, { fields }: Backup): Promise<string | undefined> {
  if (fields.mode?.startsWith('snapshot') === true) return 'the files are in snapshots of disks';
  if (fields.encryption !== null) return 'the backup is encrypted';
  const names = (await tree.list(byteString('data')).catch(() => [])).map(({ name }) => name);
  return names.some((name) => /^base\.tar(?:\.|$)/.test(name)) ? 'the files are in tar archives' : undefined;
}
