import { rmSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stopIfInterrupted } from './interruption.ts';

/** ext4 looks at the inode of a removed file for that long before it gives it out again, and some time more. */
const SETTLING_MILLISECONDS = 65_000;
const MANY = 50_000;

/** Removes trees, and knows when their inodes no longer slow down whoever makes files. */
export class Inodes {
  #settled = 0;

  remove(directory: string): void {
    const free = (): number => statfsSync(dirname(directory)).ffree;
    const before = free();
    rmSync(directory, { recursive: true, force: true });
    if (free() - before >= MANY) this.#settled = performance.now() + SETTLING_MILLISECONDS;
  }

  async settled(): Promise<void> {
    while (performance.now() < this.#settled) {
      stopIfInterrupted();
      await sleep(Math.min(500, Math.max(0, this.#settled - performance.now())));
    }
  }
}
