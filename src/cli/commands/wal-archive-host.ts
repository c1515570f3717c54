import type { ServerOptions } from '../../manager/config/options.ts';
import { WalSource } from '../../manager/wal/send/wal-source.ts';
import { isFailure } from '../../system/errors.ts';
import type { Context } from '../context.ts';
import { EXIT, statusOfError } from '../exit-status.ts';
import { type OptionRow, wholeNumber } from '../option-table.ts';
import { renderError } from '../render/errors.ts';
import { type BarmanHostDraft, barmanHost, newHostDraft } from './barman-host-options.ts';
import type { ReachDraft } from './reach-options.ts';

/** barman-wal-archive's exit statuses. */
const LOCAL = 2;
const UNREACHABLE = 3;
/** Above, PostgreSQL restarts its archiver. */
const MOST = 125;

/** What the command line of `wal-archive` says. */
export interface Draft extends ReachDraft, BarmanHostDraft {
  checksum: 'sha256' | 'md5';
  compression: ServerOptions['compression'];
  level: ServerOptions['compression_level'];
}

export const newDraft = (): Draft => ({
  ...newHostDraft(),
  options: {},
  checksum: 'sha256',
  compression: null,
  level: 'medium',
});

const row = (
  flags: string,
  help: string,
  apply: (draft: Draft, value: string) => void,
): OptionRow<Draft> => ({
  flags,
  help,
  heading: 'Where HOST is asked:',
  apply: (draft, value) => {
    draft.hostOptions.push(flags);
    apply(draft, value);
  },
});

const compress = (flags: string, compression: NonNullable<Draft['compression']>): OptionRow<Draft> =>
  row(flags, `compress the file with ${compression} before it leaves`, (draft) => {
    draft.compression = compression;
  });

/** The other options of barman-wal-archive. */
export const PUT_OPTIONS: readonly OptionRow<Draft>[] = [
  row('--md5', 'prove the content by MD5, for an older Barman there, in place of SHA-256', (draft) => {
    draft.checksum = 'md5';
  }),
  compress('-z, --gzip', 'gzip'),
  compress('-j, --bzip2', 'bzip2'),
  compress('--xz', 'xz'),
  compress('--snappy', 'snappy'),
  compress('--zstd', 'zstd'),
  compress('--lz4', 'lz4'),
  row('--compression-level <level>', 'low, medium (the default), high or a number', (draft, value) => {
    draft.level =
      value === 'low' || value === 'medium' || value === 'high'
        ? value
        : wholeNumber('--compression-level', value, 0);
  }),
];

interface Request {
  readonly host: string;
  readonly server: string;
  readonly path: string;
}

/** `wal-archive HOST SERVER WAL_PATH`; sets the status as barman-wal-archive ends. */
export async function putWalToHost(
  { host, server, path }: Request,
  draft: Draft,
  context: Context,
): Promise<void> {
  const barman = barmanHost(draft, host, server);
  try {
    const { putToHost } = await import('../../manager/wal/put/put-to-host.ts');
    const options = { ...draft.options, checksum: draft.checksum, signal: context.signal };
    const { status, errors, said } = await withSource(path, draft, (source) =>
      putToHost(source, barman, options),
    );
    if (draft.test) context.stdout.write(said);
    else if (said !== '') context.stderr.write(said);
    context.stderr.write(errors);
    if (status !== 0)
      context.stderr.write(`ERROR: "${barman.program} put-wal" on ${host} ended with status ${status}\n`);
    context.status = Math.min(status, MOST);
  } catch (error) {
    if (isFailure(error, 'USAGE')) throw error;
    context.stderr.write(renderError(error, context.debug));
    context.status = isOfHost(error) ? UNREACHABLE : LOCAL;
  }
}

async function withSource<T>(
  path: string,
  { test, compression, level }: Draft,
  work: (source: WalSource | undefined) => Promise<T>,
): Promise<T> {
  // The path is needed, but without meaning, as with barman-wal-archive.
  if (test) return work(undefined);
  const source = new WalSource(path);
  try {
    if (compression === null) return await work(source);
    const { withCompressed } = await import('../../manager/wal/put/compressed-source.ts');
    return await withCompressed(source, { compression, compression_level: level }, work);
  } finally {
    source.close();
  }
}

const HOST_FAILED: ReadonlySet<number> = new Set([EXIT.unreachable, EXIT.connection, EXIT.timeout]);

/** Not of a file of this host. */
const isOfHost = (error: unknown): boolean => HOST_FAILED.has(statusOfError(error));
