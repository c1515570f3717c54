import { parseLocation } from '../../../ssh/location.ts';
import type { ReachOptions } from '../../../ssh/reach-options.ts';
import type { BarmanHost } from '../barman-host.ts';
import type { WalSupply } from './supply.ts';

/** Which archive, and the way there, as plain data. */
export type SupplySettings = { readonly reach: ReachOptions } & (
  | {
      /** A server's directory, in which `wals`, `incoming` and `streaming` are: a location. */
      readonly directory: string;
    }
  | {
      readonly barman: BarmanHost;
      /** Further options of `get-wal`: how the file shall travel. */
      readonly options: readonly string[];
    }
);

/** Whether the archive is a directory of this machine. */
export function isLocal(settings: SupplySettings): boolean {
  return 'directory' in settings && parseLocation(settings.directory).kind === 'local';
}

/** Connects. The codes of hosts; USAGE; SOURCE_MISSING where there is no archive. */
export async function openSupply(settings: SupplySettings, signal?: AbortSignal): Promise<WalSupply> {
  const { reach } = settings;
  if ('barman' in settings) {
    const { askBarman } = await import('./barman-supply.ts');
    return askBarman(settings.barman, settings.options, reach, signal);
  }
  const location = parseLocation(settings.directory);
  if (location.kind === 'local') {
    const { lookInto } = await import('./local-supply.ts');
    return lookInto(location.path);
  }
  const { lookOverSftp } = await import('./sftp-supply.ts');
  return lookOverSftp(location, reach, signal);
}
