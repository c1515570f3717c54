import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { failure } from '../../system/errors.ts';
import type { ServerConfig } from '../config/configuration.ts';
import type { GlobalOptions } from '../config/options.ts';
import type { Backup } from './backup.ts';
import type { BackupFields } from './backup-fields.ts';
import { changeFields, formatBackupInfo, newFields, readFields } from './backup-info.ts';
import { type Dialect, dialectOf, dialectOfBackup, inDialect } from './dialect.ts';
import { oldBarmanIsInstalled } from './installed-barman.ts';
import { type Layout, layoutOf } from './layout.ts';
import type { LockSite } from './locks.ts';
import { type ReadBackups, readAgain, readBackups } from './read-backups.ts';
import { WalIndex } from './wal-index.ts';
import { writeCatalogueFile } from './write-file.ts';

/** The backups and the WAL archive of one server on disk, in Barman's own formats. It keeps nothing in memory. */
export class Catalogue {
  readonly server: string;
  readonly layout: Layout;
  readonly locks: LockSite;

  constructor(
    { name, options }: Pick<ServerConfig, 'name' | 'options'>,
    global: Pick<GlobalOptions, 'barman_lock_directory'>,
  ) {
    this.server = name;
    this.layout = layoutOf(options);
    this.locks = { directory: global.barman_lock_directory, server: name };
  }

  /** Every backup, and apart from them those whose `backup.info` is damaged. */
  read(): Promise<ReadBackups> {
    return readBackups(this.layout);
  }

  /** Enters a new backup, in the words of the Barman version this catalogue belongs to. */
  async create(id: string, fields: Partial<BackupFields>): Promise<Backup> {
    const { backups } = await this.read();
    const dialect = this.#dialect(backups);
    const lines = inDialect(newFields({ status: 'EMPTY', server_name: this.server, ...fields }), dialect);
    return this.#write({ id, infoPath: this.layout.info(id, dialect.place), place: dialect.place, lines });
  }

  /**
   * Changes some fields of a backup, and nothing else in its file. NOT_FOUND where it was removed since it was read: it
   * must not come back without its files.
   */
  async update(backup: Backup, changes: Partial<BackupFields>): Promise<Backup> {
    // Barman may have written to it since it was read.
    const now = await readAgain(backup);
    if (now === undefined) throw failure('NOT_FOUND', { path: backup.infoPath });
    const own = dialectOfBackup(now);
    return this.#write({ ...backup, lines: inDialect(changeFields(now.lines, changes), own) });
  }

  /** @param known the backups, where they were read already. */
  async walIndex(known?: readonly Backup[]): Promise<WalIndex> {
    const backups = known ?? (await this.read()).backups;
    return new WalIndex(this.layout, this.locks, this.#dialect(backups).place === 'base');
  }

  #dialect(backups: readonly Backup[]): Dialect {
    return dialectOf({
      newest: backups.at(-1),
      hasMeta: existsSync(this.layout.meta),
      hasOldIndex: existsSync(join(this.layout.wals, 'xlog.db')),
      hasIndex: existsSync(join(this.layout.xlogdb, `${this.server}-xlog.db`)),
      oldBarmanIsInstalled,
    });
  }

  async #write(backup: Omit<Backup, 'fields'>): Promise<Backup> {
    await writeCatalogueFile(backup.infoPath, formatBackupInfo(backup.lines));
    return { ...backup, fields: readFields(backup.lines, backup.infoPath) };
  }
}
