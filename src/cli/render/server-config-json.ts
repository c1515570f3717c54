import type { ServerConfig } from '../../manager/config/configuration.ts';
import type { OptionTable } from '../../manager/config/option.ts';
import { SERVER_OPTIONS } from '../../manager/config/options.ts';
import { jsonValue } from '../../manager/config/show.ts';
import { redact } from '../../postgres/conninfo/redact.ts';
import { prettyDuration } from './pretty.ts';
import type { Json } from './python-json.ts';

/** A server's options by Barman's names; no password is in it, since it goes to other hosts and into mails. */
export function serverConfigJson(server: ServerConfig): Map<string, Json> {
  const table: OptionTable = SERVER_OPTIONS;
  const values: Readonly<Record<string, unknown>> = server.options;
  const config = new Map<string, Json>();
  for (const [key, option] of Object.entries(table)) {
    const value = values[key];
    const shown = value instanceof Set ? [...value].sort().join(',') : jsonValue(option, value);
    config.set(key, typeof shown === 'string' ? redact(shown) : shown);
  }
  for (const key of ['last_backup_maximum_age', 'last_wal_maximum_age'] as const) {
    const hours = server.options[key];
    if (hours !== null) config.set(key, prettyDuration(hours * 3600));
  }
  config.set('wal_retention_policy', server.options.retention_policy === null ? 'main' : 'MAIN');
  config.set('name', server.name);
  config.set('disabled', server.disabledBecause.length > 0);
  return config;
}
