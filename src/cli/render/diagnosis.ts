import { readFileSync } from 'node:fs';
import os from 'node:os';
import type { Configuration, ServerConfig } from '../../manager/config/configuration.ts';
import type { OptionTable } from '../../manager/config/option.ts';
import { GLOBAL_OPTIONS } from '../../manager/config/options.ts';
import type { ValueSource } from '../../manager/config/resolve.ts';
import { jsonValue } from '../../manager/config/show.ts';
import type { LiveValue } from '../../manager/report/live-status.ts';
import type { ServerDiagnosis } from '../../manager/status/diagnose-server.ts';
import { redact } from '../../postgres/conninfo/redact.ts';
import { readVersion } from '../version.ts';
import { backupDiagnosis } from './backup-json.ts';
import type { Json } from './python-json.ts';
import { serverConfigJson } from './server-config-json.ts';

/** Everything `diagnose` prints, in the form of Barman's document. */
export function diagnosisJson(
  configuration: Configuration,
  servers: readonly ServerDiagnosis[],
  showSource: boolean,
): Json {
  return {
    global: {
      config: {
        ...sourced(globalConfigJson(configuration), configuration.globalSources, showSource),
        errors_list: configuration.warnings,
      },
      system_info: systemInfo(),
    },
    models: Object.fromEntries(
      [...configuration.models.values()].map(({ name, cluster, sets }) => {
        const options = new Map<string, Json>([...sets].map(([key, { shown }]) => [key, redact(shown)]));
        const sources = new Map([...sets].map(([key, { source }]) => [key, source]));
        return [name, { config: { ...sourced(options.set('cluster', cluster), sources, showSource) } }];
      }),
    ),
    servers: Object.fromEntries(servers.map((one) => [one.server.name, serverJson(one, showSource)])),
  };
}

function serverJson(
  { server, live, backups, newestWal, problems }: ServerDiagnosis,
  showSource: boolean,
): Json {
  return {
    config: sourced(serverConfigJson(server), server.sources, showSource),
    msg_list: server.disabledBecause,
    active_model: server.activeModel,
    status: Object.fromEntries(Object.entries(live).map(([key, value]) => [key, isoTime(key, value)])),
    backups: Object.fromEntries(backups.map((backup) => [backup.id, backupDiagnosis(backup)])),
    wals: {
      last_archived_wal_per_timeline: Object.fromEntries(
        [...newestWal].map(([timeline, { name, size, time, compression, encryption }]) => [
          timeline,
          { name, size, time, compression, encryption },
        ]),
      ),
    },
    // Barman has no such key: it stops where one of these is met.
    problems,
  };
}

const isoTime = (key: string, value: LiveValue): LiveValue =>
  typeof value === 'string' && /_time$|^stats_reset$/.test(key) ? value.replace(' ', 'T') : value;

function globalConfigJson({ global }: Configuration): Map<string, Json> {
  const table: OptionTable = GLOBAL_OPTIONS;
  const values: Readonly<Record<string, unknown>> = global;
  return new Map(Object.entries(table).map(([key, option]) => [key, jsonValue(option, values[key])]));
}

function sourced(
  values: ReadonlyMap<string, Json>,
  sources: ServerConfig['sources'],
  showSource: boolean,
): { readonly [key: string]: Json } {
  const name = (source: ValueSource | undefined): string =>
    source === undefined || source === 'default' ? 'default' : source.file;
  return Object.fromEntries(
    [...values].map(([key, value]) => [key, showSource ? { value, source: name(sources.get(key)) } : value]),
  );
}

function systemInfo(): Json {
  return {
    barman_ver: readVersion(),
    kernel_ver: `${os.type()} ${os.hostname()} ${os.release()} ${os.version()} ${os.machine()}`,
    node_ver: process.version,
    release: distribution(),
    timestamp: new Date().toISOString(),
  };
}

function distribution(): string {
  try {
    const text = readFileSync('/etc/os-release', 'utf8');
    return /^PRETTY_NAME="?([^"\n]*)/m.exec(text)?.[1] ?? '';
  } catch {
    return '';
  }
}
