import type { ByteString } from '../../system/byte-string.ts';
import type { SourceClock } from '../clock.ts';
import type { Endpoint } from '../endpoint.ts';
import type { Flusher, Proof } from './flusher.ts';
import type { EndpointSpec } from './spec.ts';

/** Names by number, as a system's user and group databases give them; what has no name is left out. */
export interface OwnerNames {
  readonly users: ReadonlyMap<number, string>;
  readonly groups: ReadonlyMap<number, string>;
}

/** A machine on which trees lie: this one, or a host that is reached by SFTP. */
export interface Site extends AsyncDisposable {
  /** For people; empty for this machine. */
  readonly name: string;
  /** Whether owners can be given away there. */
  readonly privileged: boolean;
  /** An absolute path without symbolic links; undefined where there is nothing. */
  real(path: ByteString): Promise<ByteString | undefined>;
  /** The absolute path a location's path means; what it leads through need not exist. */
  absolute(path: ByteString): Promise<ByteString>;
  /** The tree below an absolute path. */
  open(root: ByteString): Promise<Endpoint>;
  /** How another thread opens the same tree; undefined where only this thread can. */
  spec(root: ByteString): EndpointSpec | undefined;
  clock(): Promise<SourceClock>;
  /**
   * How to make durable what is written there, in one go; undefined where each file has to be synced by itself. The proof lies
   * where it will be written. IO, ABORTED.
   */
  flusher(proof: Proof): Promise<Flusher | undefined>;
  /** Names of some owners. */
  ownerNames(uids: readonly number[], gids: readonly number[]): Promise<OwnerNames>;
  /** All that can be found of the user and group databases. */
  allOwners(): Promise<OwnerNames>;
}
