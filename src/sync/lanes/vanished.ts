import { type CellarmanError, failure, isFailure } from '../../system/errors.ts';
import type { Endpoint } from '../endpoint.ts';
import type { LaneContext } from './context.ts';

/** Files come and go in a source, and a copy goes on without them; in the destination they are lost. */
export function asVanished<E>(error: E): E | CellarmanError {
  if (!isFailure(error, 'NOT_FOUND')) return error;
  return failure('VANISHED', { path: String(error.facts['path']) }, error);
}

/** For the errors of reading from either side. */
export function goneFrom(
  endpoint: Endpoint,
  { destination }: Pick<LaneContext, 'destination'>,
): (error: unknown) => never {
  return (error) => {
    throw endpoint === destination ? error : asVanished(error);
  };
}
