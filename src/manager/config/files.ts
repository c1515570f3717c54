import { readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { failure } from '../../system/errors.ts';
import { type IniFile, parseIni } from './ini.ts';

/** A configuration file as it was read; `path` is spelled as the user or the directory gave it. */
export interface ConfigFile {
  readonly path: string;
  readonly ini: IniFile;
}

export interface MainFileChoice {
  /** `-c FILE` */
  readonly explicit?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const DEFAULT_PATHS = ['~/.barman.conf', '/etc/barman.conf', '/etc/barman/barman.conf'];

/**
 * The main file: `-c`, else `CELLARMAN_CONFIG_FILE`, else `BARMAN_CONFIG_FILE`, else the first of Barman's places that
 * exists.
 */
export function findMainFile({ explicit, env }: MainFileChoice): string {
  const named = explicit ?? env['CELLARMAN_CONFIG_FILE'] ?? env['BARMAN_CONFIG_FILE'];
  const tried = (named === undefined || named === '' ? DEFAULT_PATHS : [named]).map((path) =>
    expandHome(path, env),
  );
  const found = tried.find((path) => statSync(path, { throwIfNoEntry: false })?.isFile());
  if (found === undefined) throw failure('CONFIG_NOT_FOUND', { tried: tried.join(', ') });
  return found;
}

export function expandHome(path: string, env: MainFileChoice['env']): string {
  return path === '~' || path.startsWith('~/') ? join(env['HOME'] ?? homedir(), path.slice(1)) : path;
}

export function readConfigFile(path: string): ConfigFile {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw failure('CONFIG', { where: path, detail: (error as Error).message }, error);
  }
  return { path, ini: parseIni(decode(bytes)) };
}

/** The `*.conf` files of a directory in the order of their names; none when there is no such directory. */
export function readConfigDirectory(directory: string): ConfigFile[] {
  if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) return [];
  return readdirSync(directory)
    .filter((name) => name.endsWith('.conf') && !name.startsWith('.'))
    .sort()
    .map((name) => readConfigFile(join(directory, name)));
}

export const autoConfigPath = (barmanHome: string): string => join(barmanHome, '.barman.auto.conf');

/** The file into which `config-update` writes what no other file declares. */
export function readAutoConfig(barmanHome: string): ConfigFile[] {
  const path = autoConfigPath(barmanHome);
  return statSync(path, { throwIfNoEntry: false })?.isFile() ? [readConfigFile(path)] : [];
}

/** The directory of what Barman does not know, beside the main file. */
export const ownDirectory = (mainFile: string): string => join(dirname(mainFile), 'cellarman.d');

/** UTF-8, or Latin-1 where it is not that: files older than the machine's present locale. */
function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return bytes.toString('latin1');
  }
}
