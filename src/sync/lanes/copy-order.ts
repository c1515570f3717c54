import type { Endpoint } from '../endpoint.ts';
import type { Attributes, Entry, RelPath } from '../entry.ts';

export interface CopyOrder {
  readonly from: Endpoint;
  readonly fromPath: RelPath;
  /** For inspectors: in the transfer. */
  readonly path: RelPath;
  /** Path of the destination endpoint. */
  readonly to: RelPath;
  /** What the file is believed to be. */
  readonly entry: Entry;
  readonly attributes: Attributes;
  readonly replaces: boolean;
}

export interface Copied {
  readonly entry: Entry;
  readonly hash: string;
  readonly readAt: number;
  readonly finding: unknown;
  readonly torn: boolean;
  /** Fewer bytes came than the file had when it was opened. */
  readonly short: boolean;
}
