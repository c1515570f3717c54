import { parseConninfo } from '../../postgres/conninfo/parse.ts';
import { isFailure } from '../../system/errors.ts';
import type { ServerOptions } from './options.ts';

/** The directories of one catalogue, which must not coincide with each other nor with those of another server. */
const DIRECTORIES = [
  'backup_directory',
  'basebackups_directory',
  'errors_directory',
  'incoming_wals_directory',
  'streaming_wals_directory',
  'wals_directory',
] as const satisfies readonly (keyof ServerOptions)[];

/** A name for the file system's identity of a path. */
export type Canonical = (path: string) => string;

/** What disables a server: options that are good one by one and contradict each other. Empty for a good server. */
export function contradictions(name: string, options: ServerOptions, canonical: Canonical): string[] {
  return [
    ...(/^\.{0,2}$|\//.test(name) ? [`"${name}" cannot be the name of a server: it names a directory`] : []),
    ...connections(name, options),
    ...methods(name, options),
    ...ownPaths(name, options, canonical),
  ];
}

function connections(name: string, options: ServerOptions): string[] {
  if (options.primary_ssh_command !== null) return [];
  const reasons = [
    ...wrongConninfo('conninfo', options.conninfo),
    // Without a line of its own it is the string above.
    ...(options.streaming_conninfo === options.conninfo
      ? []
      : wrongConninfo('streaming_conninfo', options.streaming_conninfo)),
    ...wrongConninfo('wal_conninfo', options.wal_conninfo),
    ...wrongConninfo('wal_streaming_conninfo', options.wal_streaming_conninfo),
    ...wrongConninfo('primary_conninfo', options.primary_conninfo),
  ];
  if (options.conninfo === null) {
    reasons.push(`PostgreSQL connection: Missing 'conninfo' parameter for server '${name}'`);
  }
  const streamingOnly = options.streaming_archiver && !options.archiver;
  if (streamingOnly && (options.slot_name === null || options.streaming_conninfo === null)) {
    reasons.push("Streaming-only archiver requires 'streaming_conninfo' and 'slot_name' options to be set");
  }
  return reasons;
}

function wrongConninfo(key: string, text: string | null): string[] {
  if (text === null) return [];
  try {
    parseConninfo(text);
    return [];
  } catch (error) {
    if (isFailure(error)) return [`${key}: ${error.message}`];
    throw error;
  }
}

function methods(name: string, options: ServerOptions): string[] {
  const reuses = options.reuse_backup === 'link' || options.reuse_backup === 'copy';
  const unsupported = (key: keyof ServerOptions, used: boolean): string[] =>
    used ? [`${key} option is not supported by ${options.backup_method} backup_method`] : [];
  switch (options.backup_method) {
    case 'postgres':
      return [
        ...unsupported('tablespace_bandwidth_limit', options.tablespace_bandwidth_limit !== null),
        ...unsupported('reuse_backup', reuses),
        ...unsupported('network_compression', options.network_compression),
      ];
    case 'snapshot':
      return [
        ...unsupported('backup_compression', options.backup_compression !== null),
        ...unsupported('bandwidth_limit', options.bandwidth_limit !== null),
        ...unsupported('tablespace_bandwidth_limit', options.tablespace_bandwidth_limit !== null),
        ...unsupported('reuse_backup', reuses),
        ...(['snapshot_provider', 'snapshot_instance', 'snapshot_disks'] as const)
          .filter((key) => options[key] === null)
          .map((key) => `${key} option is required by snapshot backup_method`),
      ];
    case 'local-rsync':
      return [
        ...unsupported('backup_compression', options.backup_compression !== null),
        ...(options.ssh_command === null
          ? []
          : [`Local copy requires ssh_command in the configuration to be empty for server ${name}`]),
      ];
    case 'rsync':
      return [
        ...unsupported('backup_compression', options.backup_compression !== null),
        ...(options.ssh_command === null && options.primary_ssh_command === null
          ? [`Missing or invalid ssh_command in the configuration for server ${name}`]
          : []),
      ];
    case 'local-to-cloud':
      return [];
  }
}

function ownPaths(name: string, options: ServerOptions, canonical: Canonical): string[] {
  const seen = new Map<string, string>();
  const reasons: string[] = [];
  for (const key of DIRECTORIES) {
    const path = canonical(options[key]);
    const other = seen.get(path);
    if (other === undefined) seen.set(path, key);
    else
      reasons.push(`Conflicting path: ${key}=${options[key]} conflicts with '${other}' for server '${name}'`);
  }
  return reasons;
}

/** Directories two servers would share; each reason is told of both. */
export function sharedPaths(
  servers: ReadonlyMap<string, ServerOptions>,
  canonical: Canonical,
): Map<string, string[]> {
  const seen = new Map<string, { readonly name: string; readonly key: string }>();
  const reasons = new Map<string, string[]>();
  const tell = (name: string, reason: string): void => {
    reasons.set(name, [...(reasons.get(name) ?? []), reason]);
  };
  for (const [name, options] of servers) {
    for (const key of DIRECTORIES) {
      const path = canonical(options[key]);
      const other = seen.get(path);
      if (other === undefined) seen.set(path, { name, key });
      else if (other.name !== name) {
        const reason = `Conflicting path: ${key}=${options[key]} for server '${name}' conflicts with '${other.key}' for server '${other.name}'`;
        tell(name, reason);
        tell(other.name, reason);
      }
    }
  }
  return reasons;
}
