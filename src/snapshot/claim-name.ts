import { type ByteString, byteString } from '../system/byte-string.ts';
import type { ProcessIdentity } from '../system/process-identity.ts';

/** By which way a run came to its repository: on its machine, under the file lock there, or by SFTP. */
export type Way = 'local' | 'remote';

/** A claim says that a run wants the repository or has it; a holder, that it has it. */
export type ClaimKind = 'claim' | 'holder';

export interface ClaimName {
  readonly kind: ClaimKind;
  /** What the two files of one run have in common. */
  readonly run: string;
  readonly way: Way;
  readonly owner: ProcessIdentity;
}

const UNKNOWN = 'x';
const NAME = /^(claim|holder)-((local|remote)-(\d+)-(\d+|x)-([0-9a-f-]{36}|x)-(\d+|x)-(.+))$/;

/**
 * All that is to be known of a run stands in the name of its file, so that the file is whole the moment it is there:
 * `local-PID-START-BOOT-SPACE-HOST`.
 */
export function runName({ pid, start, boot, space, host }: ProcessIdentity, way: Way): string {
  const inode = /\d+/.exec(space ?? '')?.[0];
  const safeHost = host.replaceAll(/[^\w.-]/g, '_').slice(0, 120);
  return [way, pid, start ?? UNKNOWN, boot ?? UNKNOWN, inode ?? UNKNOWN, safeHost].join('-');
}

export function claimName(kind: ClaimKind, run: string): ByteString {
  return byteString(`${kind}-${run}`);
}

/** Undefined for any other file. */
export function parseClaimName(name: ByteString): ClaimName | undefined {
  const [, kind, run, way, pid, start, boot, inode, host] = NAME.exec(name) ?? [];
  if (run === undefined || host === undefined) return undefined;
  const known = (text: string | undefined): string | undefined => (text === UNKNOWN ? undefined : text);
  const space = known(inode);
  return {
    kind: kind === 'claim' ? 'claim' : 'holder',
    run,
    way: way === 'local' ? 'local' : 'remote',
    owner: {
      pid: Number(pid),
      host,
      boot: known(boot),
      start: known(start),
      space: space === undefined ? undefined : `pid:[${space}]`,
    },
  };
}
