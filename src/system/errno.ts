import { type CellarmanError, type ErrorCode, failure, isFailure } from './errors.ts';

type PathCode = Exclude<ErrorCode, 'IO' | 'UNSUPPORTED' | 'UNSAFE_NAME'>;

/** errno(3) to the codes of single paths; what is not listed is IO, with the system's own words. */
const CODES = {
  ENOENT: 'NOT_FOUND',
  EACCES: 'PERMISSION_DENIED',
  EPERM: 'PERMISSION_DENIED',
  EEXIST: 'EXISTS',
  ENOTEMPTY: 'NOT_EMPTY',
  ENOTDIR: 'NOT_A_DIRECTORY',
  EISDIR: 'IS_A_DIRECTORY',
  // The only opens that can meet a symbolic link are those that refuse to follow it.
  ELOOP: 'SYMLINK_IN_PATH',
  ENAMETOOLONG: 'NAME_TOO_LONG',
  ENOSPC: 'NO_SPACE',
  EDQUOT: 'NO_SPACE',
  EROFS: 'READ_ONLY',
  EMLINK: 'TOO_MANY_LINKS',
  EXDEV: 'CROSS_DEVICE',
  EBUSY: 'BUSY',
  ETXTBSY: 'BUSY',
  // Opening a socket or a device nobody serves, and reading a FIFO at an offset.
  ENXIO: 'SPECIAL_FILE',
  ESPIPE: 'SPECIAL_FILE',
} as const satisfies Record<string, PathCode>;

const UNSUPPORTED: ReadonlySet<string> = new Set(['ENOSYS', 'EOPNOTSUPP', 'ENOTSUP']);

/** What `node:fs` threw, as one of this package's errors. `path` is the path as people know it. */
export function fromErrno(error: unknown, path: string): CellarmanError {
  if (isFailure(error)) return error;
  const { code = '', syscall = 'unknown', message = String(error) } = error as NodeJS.ErrnoException;
  if (Object.hasOwn(CODES, code)) return failure(CODES[code as keyof typeof CODES], { path }, error);
  if (UNSUPPORTED.has(code)) return failure('UNSUPPORTED', { operation: syscall, where: path }, error);
  return failure('IO', { path, detail: message }, error);
}
