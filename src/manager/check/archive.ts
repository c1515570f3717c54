import { parseWalFileName } from '../../postgres/wal-file-name.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { ServerConfig } from '../config/configuration.ts';
import type { BackupReport } from '../report/backup-report.ts';
import { readVerification, type VerificationResult } from '../verification/result.ts';
import { formatOf, type WalFormat } from '../wal/compression/format.ts';
import { checkContinuity, tellGaps } from '../wal/continuity/continuity.ts';
import { checkDecompression } from './compression.ts';
import { type CheckResult, type CheckResults, failed, passed } from './result.ts';

/** What Barman does not look at: whether the archive is whole and can be read. @param reached see `checkContinuity` */
export async function* checkArchive(
  server: ServerConfig,
  catalogue: Catalogue,
  report: BackupReport,
  reached: string | undefined,
): CheckResults {
  yield checkCatalogue(report);
  yield await checkGaps(server, catalogue, report, reached);
  yield* checkVerification(catalogue, report);
  const formats = new Set<WalFormat>();
  let encrypted = 0;
  const index = await catalogue.walIndex(report.backups.map(({ backup }) => backup));
  for await (const { compression, encryption } of index.entries(() => undefined)) {
    const format = compression === null ? undefined : knownFormat(compression);
    if (format !== undefined) formats.add(format);
    if (encryption !== null) encrypted++;
  }
  yield checkDecompression(formats, encrypted, server.options);
}

function checkCatalogue({ damagedBackups, damagedLines }: BackupReport): CheckResult {
  const problems = [
    ...damagedBackups.map(({ id, reason }) => `backup ${id} cannot be used: ${reason}`),
    ...damagedLines.map(({ path, line }) => `${path}: line ${line} is damaged`),
  ];
  const name = 'backup catalogue';
  return problems.length === 0 ? passed(name) : failed(name, shortened(problems));
}

async function checkGaps(
  server: ServerConfig,
  catalogue: Catalogue,
  { backups }: BackupReport,
  reached: string | undefined,
): Promise<CheckResult> {
  const name = 'WAL continuity';
  const continuity = await checkContinuity(
    catalogue,
    server,
    backups.map(({ backup }) => backup),
    reached !== undefined && parseWalFileName(reached)?.kind === 'segment' ? reached : undefined,
  );
  const missing = tellGaps(continuity);
  if (missing.length > 0) return failed(name, `${shortened(missing)}; take a new backup`);
  return passed(name, continuity.from === undefined ? 'no backup' : `no gap since ${continuity.from}`);
}

/** What `verify-backup` found the last time it looked at a backup; nothing where it never did. */
async function* checkVerification({ layout }: Catalogue, { backups }: BackupReport): CheckResults {
  const found: VerificationResult[] = [];
  for (const { backup } of backups) {
    const verification = await readVerification(layout, backup.id);
    if (verification !== null) found.push(verification);
  }
  const newest = found.toSorted((a, b) => a.finished - b.finished).at(-1);
  if (newest === undefined) return;
  const name = 'backup verification';
  const bad = found.filter((verification) => !verification.passed);
  if (bad.length > 0) {
    const told = bad.map(({ backup, findings }) => `backup ${backup}: ${findings[0]?.detail ?? 'it failed'}`);
    yield failed(name, `${shortened(told)}; take a new backup, and look with verify-backup`);
  } else {
    const tested = newest.restore === null ? '' : ' with a restore test';
    yield passed(name, `${newest.backup} at ${new Date(newest.finished).toISOString()}${tested}`);
  }
}

/** A line of monitoring has its limits. */
const MOST = 10;

function shortened(sentences: readonly string[]): string {
  const more = sentences.length - MOST;
  return [...sentences.slice(0, MOST), ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

const FORMATS = [
  'gzip',
  'pygzip',
  'pigz',
  'bzip2',
  'pybzip2',
  'xz',
  'zstd',
  'lz4',
  'snappy',
  'custom',
] as const;

function knownFormat(word: string): WalFormat | undefined {
  const known = FORMATS.find((format) => format === word);
  return known === undefined ? undefined : formatOf(known);
}
