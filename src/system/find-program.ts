import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

/**
 * The path of a program as the system would find it; undefined where there is none.
 * @param prefix directories that are searched first, with colons between them
 */
export function findProgram(name: string, prefix: string | null = null): string | undefined {
  const directories = [prefix, process.env['PATH']].flatMap((list) => (list ? list.split(':') : []));
  return directories.map((directory) => join(directory || '.', name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
