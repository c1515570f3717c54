import type { ByteString } from '../../system/byte-string.ts';
import type { Xxh64 } from '../../system/xxh64.ts';
import type { Bandwidth } from '../bandwidth.ts';
import type { Endpoint } from '../endpoint.ts';
import type { RelPath } from '../entry.ts';
import type { Inspect } from './inspection.ts';

/** How files are carried over; plain data. */
export interface LaneOptions {
  /** Where in the destination endpoint the copy of the source's root stands. */
  readonly base: RelPath;
  /** The bases, as paths of the destination endpoint. */
  readonly bases: readonly RelPath[];
  /** New files are written under their own names: the whole tree is unfinished and nobody reads it yet. */
  readonly direct: boolean;
  /** Each file is on the disk before it counts as done. */
  readonly fsync: boolean;
  /** The hash of every file is wanted, of those that stay as they are too. */
  readonly hashes: boolean;
  /** Only find out what would be done: read and compare, write nothing. */
  readonly dryRun: boolean;
  /** How often a file that changed while it was read is read again. */
  readonly rereads: number;
  /** Bytes of the longest name in the destination. */
  readonly nameMax: number;
}

/** What a lane works with. */
export interface LaneContext {
  readonly options: LaneOptions;
  readonly destination: Endpoint;
  /** Sources are opened when the first of their files is needed. */
  source(root: number): Promise<Endpoint>;
  /** The temporary name beside a final one. */
  temporaryName(name: ByteString): ByteString;
  newHash(): Xxh64;
  /** The hash of content that is there already. */
  hashOf(blocks: readonly Uint8Array[]): string;
  readonly inspect: Inspect | undefined;
  readonly bandwidth: Bandwidth | undefined;
  readonly signal: AbortSignal;
  /** Bytes of content that just arrived at the destination. */
  onBytes(count: number): void;
}
