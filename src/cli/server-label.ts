import type { ServerConfig } from '../manager/config/configuration.ts';

/** What listings put behind the name of a server that is not like the others. */
export function serverMark({ options, disabledBecause }: ServerConfig): string {
  if (!options.active) return ' (inactive)';
  if (disabledBecause.length > 0) return ' (WARNING: disabled)';
  return options.primary_ssh_command === null ? '' : ' (Passive)';
}
