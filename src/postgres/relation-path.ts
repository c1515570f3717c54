import type { ByteString } from '../system/byte-string.ts';

export type Fork = 'main' | 'fsm' | 'vm' | 'init';

/** A file of a table, an index, … (PostgreSQL `common/relpath.c`, `storage/reinit.c`). */
export interface RelationFile {
  /** relfilenode: the relation's number on disk. */
  readonly relation: number;
  readonly fork: Fork;
  /** 0 for the first file; each holds 1 GB unless the server was built otherwise. */
  readonly segment: number;
}

const RELATION = /^([1-9]\d{0,9})(?:_(fsm|vm|init))?(?:\.([1-9]\d*))?$/;
const TEMPORARY = /^t\d+_\d+(?:_(?:fsm|vm|init))?(?:\.\d+)?$/;

/** Undefined for every name that is not a permanent or unlogged relation's; temporary ones are not. */
export function parseRelationFileName(name: ByteString): RelationFile | undefined {
  const [, relation, fork, segment] = RELATION.exec(name) ?? [];
  if (relation === undefined) return undefined;
  // The expression admits these forks only.
  return { relation: Number(relation), fork: (fork ?? 'main') as Fork, segment: Number(segment ?? 0) };
}

/** A relation of one session, which nobody needs after a restart: `t3_16384`. */
export function isTemporaryRelation(name: ByteString): boolean {
  return TEMPORARY.test(name);
}

/** In which directory relations of one database and tablespace lie. */
export type RelationDirectory =
  | { readonly kind: 'global' }
  | {
      readonly kind: 'database';
      readonly database: number;
      /** Undefined for the default tablespace, `base`. */
      readonly tablespace: number | undefined;
    };

const DIRECTORY = /^(?:(global)|base\/(\d+)|pg_tblspc\/(\d+)\/PG_\d+_\d+\/(\d+))$/;

/** By the directory's path in the data directory, tablespaces as they are seen through `pg_tblspc`. */
export function parseRelationDirectory(path: ByteString): RelationDirectory | undefined {
  const [, global, inBase, tablespace, inTablespace] = DIRECTORY.exec(path) ?? [];
  if (global !== undefined) return { kind: 'global' };
  const database = inBase ?? inTablespace;
  if (database === undefined) return undefined;
  return {
    kind: 'database',
    database: Number(database),
    tablespace: tablespace === undefined ? undefined : Number(tablespace),
  };
}

/** The one directory below a tablespace's location that belongs to a cluster of this major and catalog version. */
export function tablespaceDirectory(major: number, catalogVersion: number): string {
  return `PG_${major}_${catalogVersion}`;
}
