import { accessSync, constants } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { fromErrno } from '../../system/errno.ts';
import { isFailure } from '../../system/errors.ts';
import type { Layout } from '../catalogue/layout.ts';
import { type CheckResult, failed, passed } from './result.ts';

/** Makes the directories of a catalogue that are missing. */
export async function checkDirectories(layout: Layout): Promise<CheckResult> {
  const { root, base, wals, incoming, streaming, errors, xlogdb } = layout;
  for (const path of [root, base, wals, incoming, streaming, errors, xlogdb]) {
    try {
      await mkdir(path, { recursive: true });
      accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
    } catch (error) {
      const known = fromErrno(error, path);
      if (!isFailure(known)) throw error;
      return failed('directories', known.message);
    }
  }
  return passed('directories');
}
