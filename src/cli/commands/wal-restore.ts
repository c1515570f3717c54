import { basename, resolve } from 'node:path';
import type { Command } from 'commander';
import { recoveryIn } from '../../manager/wal/restore/recovery.ts';
import { restoreWal } from '../../manager/wal/restore/restore.ts';
import { openSupply, type SupplySettings } from '../../manager/wal/restore/settings.ts';
import { parseWalFileName } from '../../postgres/wal-file-name.ts';
import type { ReachOptions } from '../../ssh/reach-options.ts';
import { failure, isFailure } from '../../system/errors.ts';
import type { Context } from '../context.ts';
import { declareOptions, type OptionRow, wholeNumber } from '../option-table.ts';
import { renderError } from '../render/errors.ts';
import { BARMAN_HOST_OPTIONS, barmanHost, newHostDraft } from './barman-host-options.ts';
import { REACH_OPTIONS, type ReachDraft } from './reach-options.ts';

const ABOUT = `
For restore_command, in two forms. With three operands it takes WAL from a server's directory, such as Barman's or
Cellarman's BARMAN_HOME/SERVER, with its wals, incoming and streaming; an SFTP account that may read is enough:

    restore_command = 'cellarman wal-restore barman@backup:/var/lib/barman/main %f %p'

With four operands it does what barman-wal-restore does, with the same options: it runs "barman get-wal SERVER" on HOST,
which may be Barman's or, with --program cellarman, this program's:

    restore_command = 'cellarman wal-restore -P backup main %f %p'

Files are decompressed (gzip, bzip2, xz, zstd, lz4, snappy), proven by their header, their size and the system identifier
of the cluster, and appear under their final name when they are complete. A helper process keeps the connection and
fetches the segments that follow; it ends with the recovery, or after a minute without a question.

Exit status: 0 when the file is there, 1 when it is not in the archive, 143 when this run was stopped. What else goes
wrong (no connection, a damaged file, another cluster's, a wrong option) ends with 200 while PostgreSQL recovers by
recovery.signal: it takes every status up to 125 for the end of the archive, and would open the database too early; upon
200 it stops, and goes on when it is started again. On a standby, which asks again by itself, and outside of a data
directory it ends with 2, or 3 where the destination cannot be written.`;

const MISSING = 1;
const FAILED = 2;
const BAD_DESTINATION = 3;
/** As a process ends that SIGTERM stops: PostgreSQL knows then that it is to stop, too. */
const STOPPED = 143;
/** PostgreSQL ends a recovery in disorder at any status above 125; those up to 192 can be read as signals. */
const RECOVERY_MUST_STOP = 200;

interface Draft extends ReachDraft {
  partial: boolean;
  ahead: number;
  spoolDirectory: string;
  sleep: number;
  /** Options of get-wal. */
  readonly transfer: string[];
}

const OPTIONS: readonly OptionRow<Draft>[] = [
  {
    flags: '-P, --partial',
    help: 'take what has been received of a segment where it is not complete',
    apply: (draft) => {
      draft.partial = true;
    },
  },
  {
    flags: '-p, --parallel <n>',
    help: 'fetch up to N segments before they are asked for (default: 8)',
    apply: (draft, value) => {
      draft.ahead = wholeNumber('--parallel', value, 0);
    },
  },
  {
    flags: '--spool-dir <dir>',
    help: 'where they wait meanwhile (default: /var/tmp/cellarman-UID)',
    apply: (draft, value) => {
      draft.spoolDirectory = resolve(value);
    },
  },
  {
    flags: '-s, --sleep <seconds>',
    help: 'wait so long before ending with an error',
    apply: (draft, value) => {
      draft.sleep = wholeNumber('--sleep', value, 0);
    },
  },
];

const transfer = (flags: string, option: string, help: string): OptionRow<Draft> => ({
  flags,
  help,
  heading: 'Where HOST is asked:',
  apply: (draft) => {
    draft.transfer.push(option);
  },
});

const TRANSFER_OPTIONS: readonly OptionRow<Draft>[] = [
  transfer('-z, --gzip', '--gzip', 'have the file compressed with gzip for the way'),
  transfer('-j, --bzip2', '--bzip2', 'have the file compressed with bzip2 for the way'),
  transfer('--keep-compression', '--keep-compression', 'have the file as it is stored'),
];

/** `cellarman wal-restore` */
export function define(command: Command, context: Context): void {
  const recovery = recoveryIn(process.cwd());
  const failed = recovery.ends ? RECOVERY_MUST_STOP : FAILED;
  // A wrong option is not the end of the archive either.
  context.errorStatus = failed;
  const host = newHostDraft();
  const draft: Draft = {
    options: {},
    partial: false,
    ahead: 8,
    spoolDirectory: `/var/tmp/cellarman-${process.getuid?.() ?? 0}`,
    sleep: 0,
    transfer: [],
  };
  command
    .argument('[operand...]')
    .usage('[options] DIRECTORY %f %p\n       cellarman wal-restore [options] HOST SERVER %f %p')
    .addHelpText('after', ABOUT);
  declareOptions(command, OPTIONS, draft);
  declareOptions(command, REACH_OPTIONS, draft);
  declareOptions(command, BARMAN_HOST_OPTIONS, host);
  declareOptions(command, TRANSFER_OPTIONS, draft);
  command.option('--debug', 'show errors with their stack and causes');
  command.on('option:debug', () => {
    context.debug = true;
  });

  command.action(async (operands: readonly string[]) => {
    try {
      context.status = (await run(operands)) ? 0 : MISSING;
    } catch (error) {
      context.stderr.write(renderError(error, context.debug));
      if (context.signal.aborted) context.status = STOPPED;
      else {
        await pause(draft.sleep, context.signal);
        context.status = recovery.ends || !isOfDestination(error, operands.at(-1)) ? failed : BAD_DESTINATION;
      }
    }
  });

  async function run(operands: readonly string[]): Promise<boolean> {
    const [archive, server, name, destination] = operandsOf(operands);
    const reach = portable(draft.options);
    const misplaced = server === undefined ? [...host.hostOptions, ...draft.transfer] : [];
    if (misplaced[0] !== undefined && !(misplaced.length === 1 && host.test))
      throw failure('USAGE', { detail: `${misplaced[0]} goes with a host and a server` });
    const settings: SupplySettings =
      server === undefined
        ? { directory: archive, reach }
        : { barman: barmanHost(host, archive, server), options: draft.transfer, reach };
    if (host.test) return test(settings, name);
    if (parseWalFileName(name) === undefined)
      throw failure('USAGE', { detail: `'${name}' is not a valid wal file name` });
    const { partial, ahead, spoolDirectory } = draft;
    const { signal } = context;
    const found = await restoreWal({
      settings,
      name,
      destination,
      partial,
      ahead,
      spoolDirectory,
      recovery,
      signal,
    });
    if (!found) {
      context.stderr.write(`WAL file '${name}' is not in the archive\n`);
      await pause(draft.sleep, signal);
    }
    return found;
  }

  /** Whether files could be asked for: an answer, yes or no, proves it. */
  async function test(settings: SupplySettings, name: string): Promise<boolean> {
    await using supply = await openSupply(settings, context.signal);
    const asked = parseWalFileName(name) === undefined ? '000000010000000000000001' : name;
    const found = await supply.find(asked, false);
    if (found !== undefined) await found.content[Symbol.asyncIterator]().return?.();
    context.stdout.write('Ready to retrieve WAL files\n');
    return true;
  }
}

function operandsOf(
  operands: readonly string[],
): readonly [archive: string, server: string | undefined, name: string, destination: string] {
  const [first, second, third, fourth, more] = operands;
  if (first !== undefined && second !== undefined && third !== undefined && more === undefined)
    return fourth === undefined ? [first, undefined, second, third] : [first, second, third, fourth];
  throw failure('USAGE', { detail: 'a directory or a host and a server are needed, then %f and %p' });
}

/** For a helper, which works in another directory. */
function portable(options: ReachOptions): ReachOptions {
  const { identityFiles, knownHostsFiles, passwordFile } = options;
  const absolute = (paths: readonly string[]): string[] => paths.map((path) => resolve(path));
  return {
    ...options,
    ...(identityFiles === undefined ? {} : { identityFiles: absolute(identityFiles) }),
    ...(knownHostsFiles === undefined ? {} : { knownHostsFiles: absolute(knownHostsFiles) }),
    ...(passwordFile === undefined ? {} : { passwordFile: resolve(passwordFile) }),
  };
}

const isOfDestination = (error: unknown, destination: string | undefined): boolean =>
  isFailure(error) &&
  destination !== undefined &&
  String(error.facts['path'] ?? '').includes(basename(destination));

/** Who is stopped meanwhile waits no longer. */
function pause(seconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const timer = setTimeout(done, seconds * 1000);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      done();
    });
  });
}
