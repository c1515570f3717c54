import type { Command } from 'commander';
import { Catalogue } from '../../manager/catalogue/catalogue.ts';
import { checkServer } from '../../manager/check/check-server.ts';
import { type CheckResult, resultLine } from '../../manager/check/result.ts';
import type { ServerConfig } from '../../manager/config/configuration.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit-status.ts';
import { type ManagerSession, runManager, serversNamed } from '../manager-session.ts';
import { wholeNumber } from '../option-table.ts';
import { type CheckedServer, checkJson, isInTrouble, nagios } from '../render/check.ts';
import { warningMark } from '../server-label.ts';

interface CheckFlags {
  readonly nagios?: boolean;
  readonly checkTimeout?: string;
}

/** What a Nagios plugin ends with when something is critical. */
const CRITICAL = 2;

const ABOUT = `
Looks whether each server can be backed up and restored: configuration, directories, PostgreSQL and its privileges, the
data directory over SFTP, archiving, backups as the configuration asks for them, and WAL without a gap since the oldest
backup. Servers are looked at side by side. A failed check says what to do. Nothing is changed but that missing
directories of the catalogue are made. The exit status is 1 when a check of an active server failed, with --nagios 2.

Examples:
    cellarman check main
    cellarman check --nagios all`;

/** `cellarman check` */
export function define(command: Command, context: Context): void {
  command
    .argument('<server_name...>', "servers, or 'all'")
    .option('--nagios', 'answer as a Nagios plugin does')
    .option(
      '--check-timeout <seconds>',
      'longest time for each server in place of check_timeout; 0 is no limit',
    )
    .addHelpText('after', ABOUT);
  command.action(async (names: readonly string[], flags: CheckFlags) => {
    const limit =
      flags.checkTimeout === undefined ? undefined : wholeNumber('--check-timeout', flags.checkTimeout, 0);
    let trouble = false;
    await runManager(command, context, async (session) => {
      const servers = serversNamed(names, session);
      const badNames = session.messages.failed;
      // All begin at once; they are told in the order of their names.
      const running = servers.map((server) => ({ server, results: check(server, limit, session) }));
      const checked: CheckedServer[] = [];
      for (const { server, results } of running) {
        const one = { server, results: await results };
        checked.push(one);
        trouble ||= isInTrouble(one);
        if (flags.nagios !== true) tell(one, session);
      }
      if (flags.nagios !== true) return;
      context.stdout.write(`${nagios(checked, badNames)}\n`);
    });
    if (trouble && context.status === EXIT.success) context.status = EXIT.failed;
    if (flags.nagios === true && context.status !== EXIT.success) context.status = CRITICAL;
  });
}

async function check(
  server: ServerConfig,
  limit: number | undefined,
  { configuration, signal }: ManagerSession,
): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  const timeout = limit ?? server.options.check_timeout;
  const catalogue = new Catalogue(server, configuration.global);
  const options = { signal, timeout, archive: true };
  for await (const result of checkServer(server, catalogue, options)) results.push(result);
  return results;
}

function tell({ server, results }: CheckedServer, { messages }: ManagerSession): void {
  const isConsole = messages.format === 'console';
  messages.result(server.name, checkJson(results));
  if (isConsole) messages.info(`Server ${server.name}${warningMark(server)}:`);
  for (const result of results) {
    if (isConsole) messages.info(`\t${resultLine(result)}`);
    for (const detail of result.details ?? []) messages.info(`\t\t${detail}`);
  }
}
