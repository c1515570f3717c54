import { CellarmanError, type ErrorCode } from '../system/errors.ts';

/** What no other path would fare better with. */
const OF_THE_RUN: ReadonlySet<ErrorCode> = new Set([
  'ABORTED',
  'TIMEOUT',
  'CONNECTION_LOST',
  'HOST_UNREACHABLE',
  'LOGIN_REFUSED',
  'HOST_KEY_UNKNOWN',
  'HOST_KEY_CHANGED',
  'HOST_KEY_REVOKED',
  'NO_SFTP',
  'SSH_COMMAND_FAILED',
  'PROTOCOL',
  'NO_SPACE',
  'READ_ONLY',
  'USAGE',
  'INTERNAL',
] as const);

/** Whether an error is about one path, so that it is told and the rest goes on; every other one ends the run. */
export function isOfPath(error: unknown): error is CellarmanError {
  return error instanceof CellarmanError && !OF_THE_RUN.has(error.code);
}
