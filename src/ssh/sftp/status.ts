import { type ByteString, byteString, toText } from '../../system/byte-string.ts';
import { type CellarmanError, failure, isFailure } from '../../system/errors.ts';
import type { PacketReader } from './packet-reader.ts';
import { Status } from './protocol.ts';

/** What a server said, as the `cause` of the error that was made of it. */
export class SftpStatus {
  readonly code: number;
  readonly message: ByteString;

  constructor(code: number, message: ByteString) {
    this.code = code;
    this.message = message;
  }
}

export function readStatus(packet: PacketReader): SftpStatus {
  const code = packet.u32();
  // Servers of earlier versions leave the text out.
  return new SftpStatus(code, packet.remaining > 0 ? packet.string() : byteString(''));
}

/**
 * The error of a status that is not OK. OpenSSH has 2 for ENOENT, ENOTDIR and ELOOP, 3 for EACCES and EPERM, 5 for EINVAL
 * and ENAMETOOLONG, and 4 for nearly everything else: who knows the request can tell more by asking further.
 */
export function statusFailure(
  status: SftpStatus,
  operation: string,
  path: ByteString,
  host: string,
): CellarmanError {
  const where = `${host}:${toText(path)}`;
  switch (status.code) {
    case Status.NO_SUCH_FILE:
      return failure('NOT_FOUND', { path: where }, status);
    case Status.PERMISSION_DENIED:
      return failure('PERMISSION_DENIED', { path: where }, status);
    case Status.NO_CONNECTION:
    case Status.CONNECTION_LOST:
      return failure('CONNECTION_LOST', { host, detail: `${operation}: ${toText(status.message)}` }, status);
    case Status.OP_UNSUPPORTED:
      return failure('UNSUPPORTED', { operation, where: host }, status);
    default: {
      const text = toText(status.message) || 'no reason given';
      return failure(
        'IO',
        { path: where, detail: `${operation}: ${text} (SFTP status ${status.code})` },
        status,
      );
    }
  }
}

/** Whether the server gave a status that may stand for many errors, so that asking further is worth it. */
export function isVague(error: unknown): error is CellarmanError {
  return isFailure(error, 'IO') && error.cause instanceof SftpStatus;
}
