import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { layoutOf } from '../../manager/catalogue/layout.ts';
import { Compression } from '../../manager/wal/compression/compression.ts';
import { findWal, peekWal } from '../../manager/wal/get/find.ts';
import { getWal } from '../../manager/wal/get/get.ts';
import { parseWalFileName } from '../../postgres/wal-file-name.ts';
import { isFailure } from '../../system/errors.ts';
import type { Context } from '../context.ts';
import { runManager, serverNamed } from '../manager-session.ts';
import { wholeNumber } from '../option-table.ts';

const ABOUT = `
Writes one file of the WAL archive to standard output, decompressed, as barman-wal-restore asks for it over ssh. Where
the file is not there it ends with status 1.`;

/** As Barman ends for a name that is none. */
const BAD_NAME = 3;
/** As Barman ends where it cannot open the output. */
const NO_PLACE = 3;

interface Flags {
  readonly outputDirectory?: string;
  readonly partial?: boolean;
  readonly gzip?: boolean;
  /** Barman's other letter for gzip. */
  readonly x?: boolean;
  readonly bzip2?: boolean;
  readonly compression?: 'gzip' | 'bzip2' | 'xz' | 'zstd' | 'lz4' | 'snappy';
  readonly keepCompression?: boolean;
  readonly peek?: string;
  readonly test?: boolean;
}

/** `cellarman get-wal` */
export function define(command: Command, context: Context): void {
  command
    .argument('<server_name>', 'the server')
    .argument('<wal_name>', 'the file')
    .option('-o, --output-directory <dir>', 'write the file there, under its own name')
    .option('-P, --partial', 'give what has been received of a segment where it is not complete')
    .option('-z, --gzip', 'compress the output with gzip')
    .addOption(new Option('-x').hideHelp())
    .option('-j, --bzip2', 'compress the output with bzip2')
    .addOption(
      new Option('--compression <format>', 'compress the output').choices([
        'gzip',
        'bzip2',
        'xz',
        'zstd',
        'lz4',
        'snappy',
      ]),
    )
    .option('--keep-compression', 'give the file as it is stored')
    .option('-p, --peek <n>', 'only print the names of up to N files that are there from this one on')
    .option('-t, --test', 'only tell whether the server could be asked')
    .addHelpText('after', ABOUT);
  command.action(async (name: string, wal: string, flags: Flags) => {
    let status: number | undefined;
    await runManager(command, context, async (session) => {
      const { messages } = session;
      const server = serverNamed(name, session);
      if (server === undefined) return;
      const { options, disabledBecause } = server;
      if (disabledBecause.length > 0)
        return messages.error(`Disabled server '${name}': ${disabledBecause.join('; ')}`);
      if (flags.test === true) return messages.info(`Ready to retrieve WAL files from the server ${name}`);
      if (parseWalFileName(wal) === undefined) {
        status = BAD_NAME;
        return messages.error(`'${wal}' is not a valid wal file name`);
      }
      const layout = layoutOf(options);
      const compression = new Compression(options);
      if (flags.peek !== undefined) {
        const names = await peekWal(wal, wholeNumber('--peek', flags.peek, 1), layout, compression);
        for (const found of names) messages.info(found);
        return;
      }
      const directory = flags.outputDirectory;
      if (directory !== undefined && !isWritable(directory)) {
        status = NO_PLACE;
        return messages.error(`Unable to write to the directory '${directory}'`);
      }
      const find = (): string | undefined => findWal(wal, layout, flags.partial === true);
      const wanted =
        (flags.gzip ?? flags.x) === true ? 'gzip' : flags.bzip2 === true ? 'bzip2' : flags.compression;
      const form =
        flags.keepCompression === true
          ? 'stored'
          : wanted === undefined
            ? 'plain'
            : new Compression({ ...options, compression: wanted, compression_level: 'medium' });
      // Between the look and the opening a file may move on into the archive.
      for (let path = find(); ; path = find()) {
        if (path === undefined) return messages.error(`WAL file '${wal}' not found in server '${name}'`);
        try {
          return await getWal({ path, name: wal, form, directory, output: process.stdout }, compression);
        } catch (error) {
          if (!isFailure(error, 'NOT_FOUND') || existsSync(path)) throw error;
        }
      }
    });
    if (status !== undefined) context.status = status;
  });
}

function isWritable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK | constants.X_OK);
    return statSync(directory).isDirectory();
  } catch {
    return false;
  }
}
