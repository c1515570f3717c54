import { isCopied } from '../../manager/catalogue/backup.ts';
import { Catalogue } from '../../manager/catalogue/catalogue.ts';
import type { Configuration, ServerConfig } from '../../manager/config/configuration.ts';
import type { OptionTable } from '../../manager/config/option.ts';
import { SERVER_OPTIONS } from '../../manager/config/options.ts';
import { jsonValue, showValue } from '../../manager/config/show.ts';
import type { LiveStatus, LiveValue } from '../../manager/report/live-status.ts';
import { prettyDuration } from './pretty.ts';
import type { Json } from './python-json.ts';

export interface ShownSetting {
  readonly key: string;
  readonly shown: string;
  readonly json: Json;
}

/** Every option of a server, what follows from them, and what PostgreSQL says; sorted by key. */
export async function serverSettings(
  server: ServerConfig,
  { global }: Configuration,
  live: LiveStatus['values'],
): Promise<ShownSetting[]> {
  const table: OptionTable = SERVER_OPTIONS;
  const values: Readonly<Record<string, unknown>> = server.options;
  const settings = Object.entries(table).map(([key, option]): ShownSetting => {
    return { key, shown: showValue(option, values[key]), json: jsonValue(option, values[key]) };
  });
  const derived: LiveStatus['values'] = {
    ...live,
    name: server.name,
    active_model: server.activeModel,
    disabled: server.disabledBecause.length > 0,
    passive_node: server.options.primary_ssh_command !== null,
    last_backup_maximum_age: await maximumAge(server, global),
    // Barman writes the word small where there is no policy it could belong to.
    wal_retention_policy: server.options.retention_policy === null ? 'main' : 'MAIN',
  };
  return [
    ...settings.filter(({ key }) => derived[key] === undefined),
    ...Object.entries(derived).map(ofDerived),
  ].sort((a, b) => (a.key < b.key ? -1 : 1));
}

function ofDerived([key, value]: readonly [string, LiveValue]): ShownSetting {
  return { key, shown: inPython(value), json: value };
}

function inPython(value: LiveValue): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return typeof value === 'object' ? `[${value.map((item) => `'${item}'`).join(', ')}]` : String(value);
}

async function maximumAge(server: ServerConfig, global: Configuration['global']): Promise<string> {
  const hours = server.options.last_backup_maximum_age;
  if (hours === null) return 'None';
  const { backups } = await new Catalogue(server, global).read();
  const end = backups.findLast(isCopied)?.fields.end_time?.epoch;
  const limit = prettyDuration(hours * 3600);
  if (end === undefined) return `${limit} (WARNING! latest backup is No available backups old)`;
  const age = (Date.now() - end / 1000) / 1000;
  return age > hours * 3600
    ? `${limit} (WARNING! latest backup is ${prettyDuration(age)} old)`
    : `${limit} (latest backup: ${prettyDuration(age)} )`;
}
