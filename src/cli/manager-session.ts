import type { Command } from 'commander';
import type { Configuration, ServerConfig } from '../manager/config/configuration.ts';
import { loadConfiguration } from '../manager/config/load.ts';
import type { GlobalOptions } from '../manager/config/options.ts';
import type { Log } from '../manager/log.ts';
import { openLogFile } from '../manager/log-file.ts';
import { becomeUser } from '../system/become-user.ts';
import { isFailure } from '../system/errors.ts';
import type { Context } from './context.ts';
import { EXIT } from './exit-status.ts';
import { type ManagerFlags, managerFlags } from './manager-flags.ts';
import { consoleMessages, jsonMessages, logged, type Messages } from './render/messages.ts';
import { isUnread, whatEnded } from './signals.ts';

/** What a command of the backup manager works with. */
export interface ManagerSession {
  readonly configuration: Configuration;
  readonly messages: Messages;
  /** The same without being noted in the log, for what somebody else has noted there. */
  readonly shown: Messages;
  /** `log_file`, which gets all messages by itself. */
  readonly log: Log;
  readonly flags: ManagerFlags;
  readonly signal: AbortSignal;
}

/**
 * Runs a command of the backup manager: reads the configuration, becomes `barman_user`, and ends with status 1 where an
 * error was told.
 */
export async function runManager(
  command: Command,
  context: Context,
  action: (session: ManagerSession) => Promise<void>,
): Promise<void> {
  const flags = managerFlags(command.parent ?? command);
  context.debug = flags.debug;
  const shown = openMessages(flags, context);
  let messages = shown;
  let log: Log | undefined;
  try {
    const configuration = loadConfiguration({ explicit: flags.config, env: context.env });
    becomeUser(configuration.global.barman_user);
    log = openLog(configuration.global, command.name(), flags, shown);
    messages = logged(shown, log);
    for (const text of configuration.warnings) messages.warning(text);
    await action({ configuration, messages, shown, log, flags, signal: context.signal });
  } catch (thrown) {
    const error = whatEnded(thrown, context.signal);
    if (!isFailure(error) && error instanceof Error) log?.error(error.stack ?? error.message);
    if (flags.debug || !isFailure(error) || isUnread(error, context.signal)) throw error;
    messages.error(error.message);
  } finally {
    messages.close();
  }
  context.status = messages.failed ? EXIT.failed : EXIT.success;
}

function openMessages({ format, quiet, color }: ManagerFlags, { stdout, stderr }: Context): Messages {
  const isTerminal = stdout.isTTY === true && stderr.isTTY === true;
  const options = { stdout, stderr, quiet, color: color === 'always' || (color === 'auto' && isTerminal) };
  return format === 'json' ? jsonMessages(options) : consoleMessages(options);
}

function openLog(
  { log_file: path, log_level }: GlobalOptions,
  name: string,
  { logLevel }: ManagerFlags,
  messages: Messages,
): Log {
  return openLogFile({
    path,
    level: logLevel ?? log_level,
    name: `cellarman.${name}`,
    onProblem: (error) => messages.warning(`Nothing is logged: ${error.message}`),
  });
}

/** The servers someone names, sorted, `all` meaning every one; what is wrong with the names is told. */
export function serversNamed(
  names: readonly string[],
  { configuration, messages }: ManagerSession,
): ServerConfig[] {
  const { servers } = configuration;
  if (names.includes('all')) {
    if (names.length === 1) return [...servers.values()];
    messages.error("You cannot use 'all' with other server names");
    return [];
  }
  return [...new Set(names)].sort().flatMap((name) => {
    const server = servers.get(name);
    if (server === undefined) messages.error(`Unknown server '${name}'`);
    return server ?? [];
  });
}

/** The one server of a command that works on one. */
export function serverNamed(name: string, session: ManagerSession): ServerConfig | undefined {
  if (name === 'all') {
    session.messages.error("You cannot use 'all' in a single server context");
    return undefined;
  }
  return serversNamed([name], session)[0];
}

/** {@link serverNamed} for a command that works on its server: it must be active, and its options must be good. */
export function workingServerNamed(name: string, session: ManagerSession): ServerConfig | undefined {
  const server = usableServerNamed(name, session);
  if (server === undefined || server.options.primary_ssh_command === null) return server;
  session.messages.error(
    `Server '${name}' is passive: its backups and WAL come from its primary node, by a later version of cellarman`,
  );
  return undefined;
}

/** The same for what a passive server can do as well: its catalogue is its own. */
export function usableServerNamed(name: string, session: ManagerSession): ServerConfig | undefined {
  const server = serverNamed(name, session);
  return server !== undefined && isUsable(server, session) ? server : undefined;
}

/** Tells what stands against working on a server. */
export function isUsable(
  { name, options, disabledBecause }: ServerConfig,
  { messages }: Pick<ManagerSession, 'messages'>,
): boolean {
  if (!options.active) messages.info(`Skipping inactive server '${name}'`);
  else if (disabledBecause.length > 0) {
    messages.error(`Disabled server '${name}': ${disabledBecause.join('; ')}`);
  } else return true;
  return false;
}
