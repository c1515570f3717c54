/**
 * A PostgreSQL server in Cellarman's care: check, backups, a table dropped by mistake, and a restore to the second before
 * it. Needs Node on Linux for x64 and nothing else, and removes everything at the end; `--keep` leaves it.
 */
import { constants } from 'node:os';
import { parseArgs } from 'node:util';
import type { TestPostgres } from '../support/postgres.ts';
import { say } from './screen.ts';
import { onStage } from './stage.ts';
import { tellStory } from './story.ts';

const MAJOR = 18;
const began = Date.now();
const { keep } = parseArgs({ options: { keep: { type: 'boolean', default: false } } }).values;

let stoppedBy: 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'SIGPIPE' | undefined;
const stopping = new AbortController();
const stop = (reason: typeof stoppedBy): void => {
  // npm may send a signal once more that the terminal has sent already.
  if (stoppedBy === undefined && reason !== 'SIGPIPE') say('\nStopping.');
  stoppedBy ??= reason;
  stopping.abort();
};
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stop(name));
// Whoever reads this has gone, such as `head`.
process.stdout.on('error', () => stop('SIGPIPE'));

try {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error('the demo runs on Linux on x64 only: its PostgreSQL comes from npm, built for that');
  const { restored, directory } = await onStage({ keep, signal: stopping.signal }, async (stage) => {
    say(`PostgreSQL ${MAJOR} and Cellarman, on 127.0.0.1 and in ${stage.directory} alone.`);
    return { restored: await tellStory(stage, MAJOR), directory: stage.directory };
  });
  const seconds = Math.round((Date.now() - began) / 1000);
  say(`\nDone in ${seconds} seconds. ${keep ? farewell(directory, restored) : 'Everything is removed.'}`);
} catch (error) {
  if (stoppedBy === undefined)
    process.stderr.write(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
if (stoppedBy !== undefined) process.exitCode = 128 + constants.signals[stoppedBy];

function farewell(
  directory: string,
  { binDir, dataDir, directory: scratch, port, uid, gid }: TestPostgres,
): string {
  const lend = uid === process.getuid?.() ? '' : `setpriv --reuid=${uid} --regid=${gid} --clear-groups `;
  const options = `-o '-p ${port} -k ${scratch}' -l ${scratch}/server.log`;
  return `The servers are stopped; all files are left in ${directory}. To start what was restored:

    ${lend}${binDir}/pg_ctl -D ${dataDir} ${options} start

The program with its configuration: ${directory}/bin/cellarman -c ${directory}/barman.conf list-backups main`;
}
