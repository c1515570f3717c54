import type { ByteString } from '../../system/byte-string.ts';
import type { Session } from './session.ts';

export interface Setting {
  /** In `unit`s where it has one: `archive_timeout` 60 with the unit `s`. */
  readonly value: string;
  readonly unit: string | undefined;
  /** Where the value comes from: `default`, `configuration file`, `command line`, … */
  readonly source: string;
  /** A change waits for a restart. */
  readonly pendingRestart: boolean;
}

/** All settings that the user may see: some need membership in `pg_read_all_settings`. */
export async function readSettings(session: Session): Promise<Map<string, Setting>> {
  const rows = await session.all(
    'SELECT name, setting, unit, source, pending_restart FROM pg_catalog.pg_settings WHERE setting IS NOT NULL',
  );
  return new Map(
    rows.map((row) => [
      row.text('name'),
      {
        value: row.text('setting'),
        unit: row.maybe('unit', row.text),
        source: row.text('source'),
        pendingRestart: row.flag('pending_restart'),
      },
    ]),
  );
}

export interface ConfigurationFiles {
  readonly main: ByteString;
  readonly hba: ByteString;
  readonly ident: ByteString;
  /** Files that the main one includes, as far as a setting of theirs is in force. */
  readonly included: readonly ByteString[];
}

/** Absolute paths on the server. Members of `pg_read_all_settings` see them all. POSTGRES_PRIVILEGE. */
export async function findConfigurationFiles(session: Session): Promise<ConfigurationFiles> {
  const path = (setting: string): string => `pg_catalog.textsend(pg_catalog.current_setting('${setting}'))`;
  const row = await session.one(
    `SELECT ${path('config_file')} AS main, ${path('hba_file')} AS hba, ${path('ident_file')} AS ident`,
  );
  const included = await session.all(`
    SELECT DISTINCT pg_catalog.textsend(sourcefile) AS path
      FROM pg_catalog.pg_settings
     WHERE sourcefile IS NOT NULL AND sourcefile <> pg_catalog.current_setting('config_file')
       AND sourcefile <> pg_catalog.current_setting('data_directory') || '/postgresql.auto.conf'
     ORDER BY 1`);
  return {
    main: row.bytes('main'),
    hba: row.bytes('hba'),
    ident: row.bytes('ident'),
    included: included.map((file) => file.bytes('path')),
  };
}
