import { failure } from '../../system/errors.ts';
import { KEYWORDS } from './keywords.ts';

/** Connection parameters by keyword, in the order in which they were given. */
export type Parameters = ReadonlyMap<string, string>;

/**
 * Sentences about a connection string never quote from it but for names of keywords: a password with a blank and no
 * quotes looks like one.
 */
export function conninfoError(detail: string): Error {
  return failure('CONNINFO', { detail });
}

const NAME = /^[a-z_]{1,40}$/;

/** Refuses a keyword that libpq does not know, or a value that cannot be honoured. `where`: for people. CONNINFO. */
export function checkParameter(name: string, value: string, where: string): void {
  const keyword = KEYWORDS.get(name);
  if (keyword === undefined) {
    throw conninfoError(
      NAME.test(name)
        ? `there is no parameter "${name}" (${where})`
        : `${where} is not the name of a parameter`,
    );
  }
  const problem = value === '' ? undefined : keyword.refused?.(value);
  if (problem !== undefined)
    throw conninfoError(problem.startsWith('=') ? name + problem : `${name} ${problem}`);
}
