import type { ServerConfig } from '../manager/config/configuration.ts';

/** What listings put behind the name of a server that is not like the others. */
export function serverMark(server: ServerConfig): string {
  return warningMark(server) || (server.options.primary_ssh_command === null ? '' : ' (Passive)');
}

/** The same only where something keeps commands from working on the server. */
export function warningMark({ options, disabledBecause }: ServerConfig): string {
  if (!options.active) return ' (inactive)';
  return disabledBecause.length > 0 ? ' (WARNING: disabled)' : '';
}
