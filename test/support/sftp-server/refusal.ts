import { Status } from '../../../src/ssh/sftp/protocol.ts';

export { Status };

/** A request answered by a status other than OK. */
export class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The few codes of SFTP version 3, chosen as OpenSSH's server does. */
export function statusOf(error: unknown): number {
  if (error instanceof Refusal) return error.status;
  switch (error instanceof Error && 'code' in error ? error.code : undefined) {
    case 'ENOENT':
    case 'ENOTDIR':
    case 'ELOOP':
    case 'EBADF':
      return Status.NO_SUCH_FILE;
    case 'EPERM':
    case 'EACCES':
      return Status.PERMISSION_DENIED;
    case 'EINVAL':
    case 'ENAMETOOLONG':
      return Status.BAD_MESSAGE;
    case 'ENOSYS':
      return Status.OP_UNSUPPORTED;
    default:
      return Status.FAILURE;
  }
}
