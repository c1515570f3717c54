import { open } from 'node:fs/promises';

/** fsync(2) of a file, or of a directory and thereby of the names in it. @throws the error of the system */
export async function syncPath(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
