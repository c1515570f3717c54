import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { failure } from '../../system/errors.ts';

/**
 * The directory with the server program of a major: the one that was given, of `path_prefix`, or where packages put it.
 * POSTGRES_PROGRAMS.
 */
export function findServerPrograms(
  major: number,
  given: string | undefined,
  pathPrefix: string | null,
): string {
  const candidates =
    given !== undefined
      ? [given]
      : [
          ...(pathPrefix ?? '').split(':').filter((directory) => directory !== ''),
          `/usr/lib/postgresql/${major}/bin`,
          `/usr/pgsql-${major}/bin`,
        ];
  const found = candidates.find((directory) => isProgram(join(directory, 'postgres')));
  if (found === undefined) throw failure('POSTGRES_PROGRAMS', { major, where: candidates.join(', ') });
  return found;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
