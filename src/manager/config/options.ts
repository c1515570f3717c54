import type { ValuesOf } from './option.ts';
import { backupOptions } from './options/backup.ts';
import { cloudOptions } from './options/cloud.ts';
import { connectionOptions } from './options/connection.ts';
import { globalOptions } from './options/global.ts';
import { hookOptions } from './options/hooks.ts';
import { ownOptions } from './options/own.ts';
import { retentionOptions } from './options/retention.ts';
import { serverOptions } from './options/server.ts';
import { walOptions } from './options/wal.ts';

/**
 * The one table of options. Parsing, defaults, warnings, `show-servers`, `diagnose --show-config-source` and the
 * documentation all come from it.
 */
export const GLOBAL_OPTIONS = globalOptions;

export const SERVER_OPTIONS = {
  ...serverOptions,
  ...connectionOptions,
  ...backupOptions,
  ...walOptions,
  ...retentionOptions,
  ...hookOptions,
  ...cloudOptions,
};

/** Those of `cellarman.d`. */
export const OWN_OPTIONS = ownOptions;

export type GlobalOptions = ValuesOf<typeof GLOBAL_OPTIONS>;
export type ServerOptions = ValuesOf<typeof SERVER_OPTIONS>;
export type OwnOptions = ValuesOf<typeof OWN_OPTIONS>;
