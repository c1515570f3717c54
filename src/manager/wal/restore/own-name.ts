import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { identify, isDead } from '../../../system/process-identity.ts';

/** `PID-START`: what marks the files of one process and of no other, now or later. */
export const ownMark = (): string => `${process.pid}-${identify(process.pid).start ?? 'x'}`;

/** Removes what processes left in `directory` that were killed: `form` captures the two parts of their marks. */
export function removeLeftovers(directory: string, form: RegExp): void {
  const here = identify(process.pid);
  for (const name of namesIn(directory)) {
    const [, pid, start] = form.exec(name) ?? [];
    if (pid !== undefined && isDead({ ...here, pid: Number(pid), start }))
      rmSync(join(directory, name), { recursive: true, force: true });
  }
}

/** None where nobody may look: what is left there harms nobody. */
function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
