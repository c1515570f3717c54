import { join } from 'node:path';
import type { ServerOptions } from '../config/options.ts';

/** Where `backup.info` and annotations stand: beside the backups, or inside each as Barman before 3.13.2 has them. */
export type InfoPlace = 'meta' | 'base';

/** The places of one server's catalogue. Nothing here looks at the disk. */
export interface Layout {
  readonly root: string;
  readonly base: string;
  readonly meta: string;
  readonly wals: string;
  readonly incoming: string;
  readonly streaming: string;
  readonly errors: string;
  readonly xlogdb: string;
  readonly identity: string;
  /** `base/<ID>` */
  backup(id: string): string;
  /** The copy of PGDATA. */
  data(id: string): string;
  tablespace(id: string, oid: number): string;
  info(id: string, place: InfoPlace): string;
  annotation(id: string, name: string, place: InfoPlace): string;
}

export type LayoutOptions = Pick<
  ServerOptions,
  | 'backup_directory'
  | 'basebackups_directory'
  | 'wals_directory'
  | 'incoming_wals_directory'
  | 'streaming_wals_directory'
  | 'errors_directory'
  | 'xlogdb_directory'
>;

export function layoutOf(options: LayoutOptions): Layout {
  const root = options.backup_directory;
  const base = options.basebackups_directory;
  const meta = join(root, 'meta');
  return {
    root,
    base,
    meta,
    wals: options.wals_directory,
    incoming: options.incoming_wals_directory,
    streaming: options.streaming_wals_directory,
    errors: options.errors_directory,
    xlogdb: options.xlogdb_directory,
    identity: join(root, 'identity.json'),
    backup: (id) => join(base, id),
    data: (id) => join(base, id, 'data'),
    tablespace: (id, oid) => join(base, id, String(oid)),
    info: (id, place) => (place === 'meta' ? join(meta, `${id}-backup.info`) : join(base, id, 'backup.info')),
    annotation: (id, name, place) =>
      place === 'meta' ? join(meta, `${id}-${name}`) : join(base, id, 'annotations', name),
  };
}
