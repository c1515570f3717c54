import { type BackupLabel, parseBackupLabel } from '../../postgres/backup-label.ts';
import { type ControlFile, parseControlFile } from '../../postgres/control-file.ts';
import { formatLsn, parseLsn } from '../../postgres/lsn.ts';
import { tablespaceDirectory } from '../../postgres/relation-path.ts';
import type { Endpoint } from '../../sync/endpoint.ts';
import { isOfPath } from '../../sync/run-failure.ts';
import { byteString } from '../../system/byte-string.ts';
import { isFailure } from '../../system/errors.ts';
import type { Backup } from '../catalogue/backup.ts';
import { readFile } from '../read-file.ts';
import type { Findings } from './findings.ts';

/** What the backup says of itself; undefined where it could not be read, which was told. */
export interface ClusterFacts {
  readonly control: ControlFile | undefined;
  readonly label: BackupLabel | undefined;
}

/** Without these no server starts. */
const NEEDED = ['PG_VERSION', 'global/pg_filenode.map', 'base/1/PG_VERSION', 'base/1/pg_filenode.map'];

/** Looks at the small files on which everything depends, and whether they agree with the catalogue. */
export async function examineCluster(
  tree: Endpoint,
  { fields }: Pick<Backup, 'fields'>,
  findings: Findings,
): Promise<ClusterFacts> {
  const wrong = (path: string, detail: string): void => findings.add('cluster', path, detail);
  const read = async (path: string): Promise<Buffer | undefined> => {
    try {
      return await readFile(tree, byteString(path));
    } catch (error) {
      if (!isOfPath(error)) throw error;
      wrong(path, error.code === 'NOT_FOUND' ? 'is missing' : error.message);
      return undefined;
    }
  };
  const parse = async <T>(path: string, parser: (bytes: Buffer) => T): Promise<T | undefined> => {
    const bytes = await read(path);
    try {
      return bytes && parser(bytes);
    } catch (error) {
      if (!isFailure(error)) throw error;
      wrong(path, error.message);
      return undefined;
    }
  };

  for (const name of NEEDED) {
    const path = `data/${name}`;
    if ((await tree.lookup(byteString(path))) === undefined) wrong(path, 'is missing');
  }
  const control = await parse('data/global/pg_control', parseControlFile);
  if (control !== undefined) {
    const major = fields.version === null ? control.major : Math.floor(fields.version / 10_000);
    if (fields.systemid !== null && control.systemIdentifier !== fields.systemid) {
      wrong(
        'data/global/pg_control',
        `is of the cluster ${control.systemIdentifier}, the backup of ${fields.systemid}`,
      );
    }
    if (control.major !== major)
      wrong('data/global/pg_control', `is of PostgreSQL ${control.major}, the backup of ${major}`);
    const ofTablespace = tablespaceDirectory(control.major, control.catalogVersion);
    for (const { oid, name } of fields.tablespaces ?? []) {
      const path = `${oid}/${ofTablespace}`;
      const inData = `data/pg_tblspc/${oid}/${ofTablespace}`;
      const places = [path, inData].map((place) => tree.lookup(byteString(place)));
      const found = await Promise.all(places);
      if (found.every((entry) => entry === undefined)) wrong(path, `the tablespace ${name} is missing`);
    }
  }
  const label = await parse('data/backup_label', (bytes) => parseBackupLabel(bytes.toString('latin1')));
  if (label !== undefined) checkLabel(label, fields, (detail) => wrong('data/backup_label', detail));
  return { control, label };
}

function checkLabel(
  label: BackupLabel,
  { begin_xlog: begin, begin_wal: segment, mode }: Backup['fields'],
  wrong: (detail: string) => void,
): void {
  if (begin !== null && label.startLsn !== parseLsn(begin)) {
    wrong(`begins at ${formatLsn(label.startLsn)}, the backup at ${begin}`);
  } else if (segment !== null && label.startSegment !== segment) {
    wrong(`begins in segment ${label.startSegment}, the backup in ${segment}`);
  }
  if (label.incrementalFrom !== undefined && mode?.startsWith('rsync') === true) {
    wrong('is of an incremental backup, from which no server starts');
  }
}
