import { type HostName, shellWord } from '../../ssh/remote-command.ts';

/** A server of a Barman, or of this program under whatever name, on another host. */
export interface BarmanHost {
  readonly name: HostName;
  /** The program there. */
  readonly program: string;
  /** Its configuration file, where it is not the usual one. */
  readonly config?: string;
  readonly server: string;
}

/** The line that has it work on the server, in the form of barman-cli, which forced commands may look for. */
export function barmanLine(
  { program, config, server }: BarmanHost,
  command: string,
  options: readonly string[] = [],
  ...operands: readonly string[]
): string {
  const flags = config === undefined ? [] : [`--config=${config}`];
  return [program, ...flags, command, ...options, server, ...operands].map(shellWord).join(' ');
}
