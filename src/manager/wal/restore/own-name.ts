import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { identify, isDead } from '../../../system/process-identity.ts';

/** `PID-START`: what marks the files of one process and of no other, now or later. */
export const ownMark = (): string => `${process.pid}-${identify(process.pid).start ?? 'x'}`;

/**
 * Removes what processes left in `directory` that were killed: `form` captures the two parts of their marks. What cannot
 * be removed harms nobody and stays.
 */
export function removeLeftovers(directory: string, form: RegExp): void {
  const here = identify(process.pid);
  try {
    for (const name of readdirSync(directory)) {
      const [, pid, start] = form.exec(name) ?? [];
      if (pid !== undefined && isDead({ ...here, pid: Number(pid), start }))
        rmSync(join(directory, name), { recursive: true, force: true });
    }
  } catch {
    // The next run tries again.
  }
}
