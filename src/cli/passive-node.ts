import { failure } from '../system/errors.ts';
import { type ManagerSession, usableServerNamed } from './manager-session.ts';

/** The answer of what a passive node does with its primary node, for now. @throws UNSUPPORTED */
export function refuseToCopy(name: string, operation: string, session: ManagerSession): void {
  if (usableServerNamed(name, session) === undefined) return;
  throw failure('UNSUPPORTED', {
    operation: `${operation}, which comes with a later version (until then Barman does it, on the same catalogue)`,
    where: 'this version',
  });
}
