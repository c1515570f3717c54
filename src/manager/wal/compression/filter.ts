import type { ServerOptions } from '../../config/options.ts';
import type { CustomFormat, WalFormat } from './format.ts';

/** A program that reads standard input and writes standard output. */
export interface Filter {
  readonly program: string;
  readonly args: readonly string[];
}

type Level = ServerOptions['compression_level'];

interface Levels {
  readonly least: number;
  readonly most: number;
  readonly low: number;
  readonly medium: number;
  readonly high: number;
}

/** What the words of `compression_level` mean, and what numbers are cut to. */
const LEVELS: Readonly<Record<Exclude<WalFormat, 'snappy' | 'custom'>, Levels>> = {
  gzip: { least: 1, most: 9, low: 1, medium: 6, high: 9 },
  bzip2: { least: 1, most: 9, low: 1, medium: 5, high: 9 },
  xz: { least: 0, most: 9, low: 1, medium: 3, high: 5 },
  zstd: { least: 1, most: 19, low: 1, medium: 4, high: 9 },
  lz4: { least: 1, most: 12, low: 1, medium: 6, high: 10 },
};

export function levelOf(format: keyof typeof LEVELS, level: Level): number {
  const levels = LEVELS[format];
  return typeof level === 'number' ? Math.min(Math.max(level, levels.least), levels.most) : levels[level];
}

/** Null for what this process does itself, and for a custom format without a filter. */
export function compressionFilter(
  compression: NonNullable<ServerOptions['compression']>,
  level: Level,
  custom: CustomFormat,
): Filter | null {
  switch (compression) {
    case 'gzip':
    case 'pygzip':
    case 'snappy':
      return null;
    case 'pigz':
      return { program: 'pigz', args: ['-c', `-${levelOf('gzip', level)}`] };
    case 'bzip2':
    case 'pybzip2':
      return { program: 'bzip2', args: ['-c', `-${levelOf('bzip2', level)}`] };
    case 'xz':
      return { program: 'xz', args: ['-c', `-${levelOf('xz', level)}`] };
    case 'zstd':
      return { program: 'zstd', args: ['-q', '-c', `-${levelOf('zstd', level)}`] };
    case 'lz4':
      return { program: 'lz4', args: ['-q', '-c', `-${levelOf('lz4', level)}`] };
    case 'custom':
      return shell(custom.custom_compression_filter);
  }
}

/** Null for gzip and snappy, which this process does itself, and for a custom format without a filter. */
export function decompressionFilter(format: WalFormat, custom: CustomFormat): Filter | null {
  switch (format) {
    case 'gzip':
    case 'snappy':
      return null;
    case 'bzip2':
    case 'xz':
      return { program: format, args: ['-d', '-c'] };
    case 'zstd':
    case 'lz4':
      return { program: format, args: ['-q', '-d', '-c'] };
    case 'custom':
      return shell(custom.custom_decompression_filter);
  }
}

/** The configuration has it as a line for the shell. No name of a file ever gets into it: files come by descriptor. */
function shell(line: string | null): Filter | null {
  return line === null ? null : { program: 'sh', args: ['-c', line] };
}
