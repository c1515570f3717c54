/** A line of a configuration file, as PostgreSQL reads it (guc-file.l): `name = value`, `name value`, `name'value'`. */
export interface Setting {
  /** Counted from 1. */
  readonly line: number;
  /** In lower case. */
  readonly name: string;
  /** Without quotes and comment. */
  readonly value: string;
}

/** Something in a configuration file that concerns the restored server. */
export interface ConfigurationNote extends Setting {
  readonly file: string;
}

export interface SafeConfiguration {
  readonly text: string;
  /** Settings that were put out of action; their values are the new ones, or where there are none, the old ones. */
  readonly changes: readonly ConfigurationNote[];
  /** Settings that were left as they are and may do harm or not fit here. */
  readonly warnings: readonly ConfigurationNote[];
}

/** What was put out of action stands behind this, as Barman does it. */
const MARK = '#BARMAN#';

/**
 * They would send the restored server's WAL to where the first one's is, or stop or clean up at another recovery's wish.
 * What takes their place; undefined: nothing does.
 */
const DANGEROUS: ReadonlyMap<string, string | undefined> = new Map([
  ['archive_command', 'false'],
  ['archive_library', "''"],
  ['archive_cleanup_command', undefined],
  ['recovery_end_command', undefined],
  ['recovery_target', undefined],
  ['recovery_target_name', undefined],
  ['recovery_target_time', undefined],
  ['recovery_target_xid', undefined],
  ['recovery_target_lsn', undefined],
  ['recovery_target_inclusive', undefined],
  ['recovery_target_timeline', undefined],
  ['recovery_target_action', undefined],
  // A server started with -D would use the first one's files.
  ['data_directory', undefined],
]);

/** They lie elsewhere on the first server's host; where the backup has brought the file along, it is found without. */
const MAPPED: ReadonlyMap<string, string> = new Map([
  ['hba_file', 'pg_hba.conf'],
  ['ident_file', 'pg_ident.conf'],
]);

const DOUBTFUL = new Set([
  'config_file',
  'external_pid_file',
  'hba_file',
  'ident_file',
  'include',
  'include_dir',
  'include_if_exists',
  'ssl_ca_file',
  'ssl_cert_file',
  'ssl_crl_file',
  'ssl_key_file',
  'synchronous_standby_names',
  'unix_socket_directories',
  'unix_socket_directory',
]);

/**
 * Makes the configuration of a restored server safe. Pure.
 * @param file its name, for the notes
 * @param has whether a file of that name stands in the restored data directory
 * @param setElsewhere names that another file sets, which this one must not override
 */
export function makeSafe(
  text: string,
  file: string,
  has: (name: string) => boolean,
  setElsewhere: ReadonlySet<string> = new Set(),
): SafeConfiguration {
  const changes: ConfigurationNote[] = [];
  const warnings: ConfigurationNote[] = [];
  const lines = text.split('\n').map((line, index) => {
    const setting = parseSetting(line, index + 1);
    if (setting === undefined) return line;
    const { name } = setting;
    const mapped = MAPPED.get(name);
    if (DANGEROUS.has(name) || setElsewhere.has(name) || (mapped !== undefined && has(mapped))) {
      const value = DANGEROUS.get(name);
      changes.push({ file, ...setting, ...(value === undefined ? {} : { value }) });
      return [`${MARK}${line}`, ...(value === undefined ? [] : [`${name} = ${value}`])].join('\n');
    }
    if (DOUBTFUL.has(name) && setting.value !== '') warnings.push({ file, ...setting });
    return line;
  });
  return { text: lines.join('\n'), changes, warnings };
}

/** Undefined for blank lines and comments. */
export function parseSetting(line: string, number: number): Setting | undefined {
  const [, name, rest = ''] = /^\s*([A-Za-z_][\w.]*)(?:\s*=\s*|\s+|(?=')|$)(.*?)\s*$/.exec(line) ?? [];
  if (name === undefined) return undefined;
  const quoted = /^'((?:[^'\\]|''|\\.)*)'/.exec(rest)?.[1];
  const value = quoted === undefined ? rest.replace(/\s*#.*$/, '') : quoted.replaceAll("''", "'");
  return { line: number, name: name.toLowerCase(), value };
}

/** `name = 'value'`. */
export function settingLine(name: string, value: string): string {
  return `${name} = '${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}
