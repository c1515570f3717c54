import { isFailure } from '../../system/errors.ts';
import { findProgram } from '../../system/find-program.ts';
import type { ServerOptions } from '../config/options.ts';
import { compressionFilter, decompressionFilter, type Filter } from '../wal/compression/filter.ts';
import type { WalFormat } from '../wal/compression/format.ts';
import { type CheckResult, failed, passed } from './result.ts';

type Options = Pick<
  ServerOptions,
  | 'compression'
  | 'compression_level'
  | 'path_prefix'
  | 'custom_compression_filter'
  | 'custom_decompression_filter'
  | 'custom_compression_magic'
>;

/** Whether new WAL can be compressed as configured. */
export function checkCompression(options: Options): CheckResult {
  const name = 'compression settings';
  const { compression } = options;
  if (compression === null) return passed(name);
  if (compression === 'custom' && options.custom_compression_filter === null)
    return failed(name, 'compression = custom needs custom_compression_filter');
  const problem = problemOf(
    () => compressionFilter(compression, options.compression_level, options),
    options,
  );
  return problem === undefined ? passed(name) : failed(name, problem);
}

/**
 * Whether what is in the archive can be read again.
 * @param formats all that occur there
 * @param encrypted how many files Barman encrypted
 */
export function checkDecompression(
  formats: ReadonlySet<WalFormat>,
  encrypted: number,
  options: Options,
): CheckResult {
  const problems = [...formats]
    .sort()
    .map((format) =>
      format === 'custom' && options.custom_decompression_filter === null
        ? 'the archive has files of compression = custom: custom_decompression_filter is needed'
        : problemOf(() => decompressionFilter(format, options), options),
    )
    .filter((problem) => problem !== undefined);
  if (encrypted > 0)
    problems.push(`${encrypted} files of the archive are encrypted with gpg, which only Barman undoes`);
  const name = 'decompression programs';
  return problems.length === 0 ? passed(name) : failed(name, problems.join('; '));
}

function problemOf(filter: () => Filter | null, { path_prefix: prefix }: Options): string | undefined {
  try {
    const program = filter()?.program;
    return program === undefined || findProgram(program, prefix) !== undefined
      ? undefined
      : `the program ${program} is not installed`;
  } catch (error) {
    if (isFailure(error, 'UNSUPPORTED')) return error.message;
    throw error;
  }
}
