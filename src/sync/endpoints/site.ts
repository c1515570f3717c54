import type { ByteString } from '../../system/byte-string.ts';
import type { Endpoint } from '../endpoint.ts';
import type { EndpointSpec } from './spec.ts';

/** A machine on which trees lie: this one, or a host that is reached by SFTP. */
export interface Site extends AsyncDisposable {
  /** For people; empty for this machine. */
  readonly name: string;
  /** An absolute path without symbolic links; undefined where there is nothing. */
  real(path: ByteString): Promise<ByteString | undefined>;
  /** The absolute path a location's path means; what it leads through need not exist. */
  absolute(path: ByteString): Promise<ByteString>;
  /** The tree below an absolute path. */
  open(root: ByteString): Promise<Endpoint>;
  /** How another thread opens the same tree; undefined where only this thread can. */
  spec(root: ByteString): EndpointSpec | undefined;
  /** Whether owners can be given away there. */
  readonly privileged: boolean;
}
