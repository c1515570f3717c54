import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomically } from '../../system/atomic-file.ts';
import { fromText } from '../../system/byte-string.ts';

/** The file in a server's catalogue that names the model it was switched to. */
const pathIn = (backupDirectory: string): string => join(backupDirectory, '.active-model.auto');

/** Null where the server runs without one. */
export function readActiveModel(backupDirectory: string): string | null {
  try {
    const name = readFileSync(pathIn(backupDirectory), 'utf8').trim();
    return name === '' ? null : name;
  } catch {
    return null;
  }
}

/** @throws the codes of single paths */
export async function writeActiveModel(backupDirectory: string, model: string | null): Promise<void> {
  const path = pathIn(backupDirectory);
  if (model === null) await rm(path, { force: true });
  else await writeFileAtomically(fromText(path), model, 0o666 & ~process.umask());
}
