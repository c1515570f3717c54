import type { PageProblem } from '../../postgres/page.ts';
import {
  type Fork,
  parseRelationDirectory,
  parseRelationFileName,
  type RelationDirectory,
} from '../../postgres/relation-path.ts';
import { type BlockReference, blockReferences } from '../../postgres/wal/block-references.ts';
import type { WalRecord } from '../../postgres/wal/record.ts';
import type { RelPath } from '../../sync/entry.ts';
import { nameOf, parentOf } from '../../sync/path.ts';
import { toText } from '../../system/byte-string.ts';
import { clusterPath } from '../page-inspection/cluster-path.ts';
import type { Findings } from './findings.ts';

const DEFAULT_TABLESPACE = 1663;
const GLOBAL_TABLESPACE = 1664;

interface Suspects {
  readonly path: RelPath;
  readonly problems: Map<number, PageProblem>;
  /** Damaged ones that nobody noted. */
  readonly others: number;
}

/**
 * Pages of a backup that are not what their checksums say. A page that was being written while it was copied is one of
 * them and no damage: the WAL of the backup holds all of it once more. So a page is only accused when that WAL is known.
 */
export class SuspectPages {
  readonly #relations = new Map<string, Suspects[]>();

  get any(): boolean {
    return this.#relations.size > 0;
  }

  add(path: RelPath, problems: readonly PageProblem[], count: number): void {
    const key = keyOfPath(path);
    const known = this.#relations.get(key) ?? [];
    this.#relations.set(key, known);
    known.push({
      path,
      problems: new Map(problems.map((problem) => [problem.block, problem])),
      others: count - problems.length,
    });
  }

  /** Takes what a record makes good from those that are suspect. */
  replay(record: WalRecord, major: number): void {
    for (const reference of blockReferences(record, major)) {
      if (!reference.whole) continue;
      for (const { problems } of this.#relations.get(keyOf(reference)) ?? [])
        problems.delete(reference.block);
    }
  }

  /** @param walRead whether all WAL of the backup went through `replay` */
  tell(findings: Findings, walRead: boolean): void {
    for (const { path, problems, others } of [...this.#relations.values()].flat()) {
      const blocks = [...problems.keys()];
      if (blocks.length === 0) continue;
      const shown = blocks.slice(0, 8).join(', ');
      const more = blocks.length + others > 8 ? `, … ${blocks.length + others} in all` : '';
      const doubt = walRead ? '' : '; WAL that could make them good is missing or damaged';
      const what = [...new Set([...problems.values()].map(({ kind }) => KINDS[kind]))].join(', ');
      findings.add('pages', toText(path), `damaged pages (${what}): block ${shown}${more}${doubt}`);
    }
  }
}

const KINDS: Readonly<Record<PageProblem['kind'], string>> = {
  checksum: 'wrong checksum',
  header: 'impossible header',
  zeros: 'content behind an empty header',
};

function keyOfPath(path: RelPath): string {
  const inCluster = clusterPath(path) ?? path;
  const directory = parseRelationDirectory(parentOf(inCluster));
  const file = parseRelationFileName(nameOf(inCluster));
  return key(tablespaceOf(directory), databaseOf(directory), file?.relation ?? 0, file?.fork ?? 'main');
}

function keyOf({ tablespace, database, relation, fork }: BlockReference): string {
  return key(tablespace, database, relation, fork);
}

function key(tablespace: number, database: number, relation: number, fork: Fork): string {
  return `${tablespace}/${database}/${relation}/${fork}`;
}

function tablespaceOf(directory: RelationDirectory | undefined): number {
  if (directory?.kind !== 'database') return GLOBAL_TABLESPACE;
  return directory.tablespace ?? DEFAULT_TABLESPACE;
}

function databaseOf(directory: RelationDirectory | undefined): number {
  return directory?.kind === 'database' ? directory.database : 0;
}
