import { type CellarmanError, failure } from '../../system/errors.ts';
import { remedyFor } from './remedy.ts';

interface Cause {
  readonly message: string;
  /** SQLSTATE of the server, or the system's error code. */
  readonly code: string | undefined;
}

export function causeOf(error: unknown): Cause {
  if (!(error instanceof Error)) return { message: String(error), code: undefined };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  // Several addresses of one name give an error that holds those of each, and no message.
  if (error instanceof AggregateError && error.message === '') {
    return { message: error.errors.map((inner) => causeOf(inner).message).join(', '), code };
  }
  return { message: oneLine(error.message), code };
}

const SQLSTATE = /^[0-9A-Z]{5}$/;
// A five-letter code of the system, such as EPIPE, is of the same form.
export const isSqlState = (code: string | undefined): code is string =>
  code !== undefined && SQLSTATE.test(code) && /[0-9]/.test(code);

/** What went wrong before a session was there. */
export function connectFailure(error: unknown, server: string): CellarmanError {
  const { message, code } = causeOf(error);
  // Class 28: who may log in; 3D000: there is no such database; 42501: no CONNECT privilege.
  const refused = isSqlState(code) && (code.startsWith('28') || code === '3D000' || code === '42501');
  return failure(
    refused ? 'POSTGRES_LOGIN_REFUSED' : 'POSTGRES_UNREACHABLE',
    { server, detail: message },
    error,
  );
}

/** What went wrong in a session. */
export function queryFailure(error: unknown, server: string, user: string): CellarmanError {
  const { message, code } = causeOf(error);
  // Class 57P: the server shuts down, has crashed, or was told to end the session; 25P0x: it timed the session out.
  if (!isSqlState(code) || /^(57P0[1-5]|25P0[34])$/.test(code)) {
    return failure('POSTGRES_CONNECTION_LOST', { server, detail: message }, error);
  }
  if (code === '42501') {
    const remedy = remedyFor(message, user);
    if (remedy !== undefined) return failure('POSTGRES_PRIVILEGE', { what: message, remedy }, error);
  }
  return failure('POSTGRES_QUERY', { detail: message, sqlstate: code }, error);
}

function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a server's text must not drive a terminal.
  return text.replace(/[\x00-\x1f\x7f-\x9f]+/g, ' ').trim();
}
