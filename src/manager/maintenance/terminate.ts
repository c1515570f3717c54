import { setTimeout } from 'node:timers/promises';

/** Milliseconds that a process gets to end, and between two looks. */
const PATIENCE = 10_000;
const LOOK_AGAIN = 100;

/** Asks a process to end, as Ctrl-C does; false where it goes on, or is not ours to end. */
export async function endProcess(pid: number): Promise<boolean> {
  const deadline = Date.now() + PATIENCE;
  try {
    process.kill(pid, 'SIGINT');
    while (Date.now() < deadline) {
      process.kill(pid, 0);
      await setTimeout(LOOK_AGAIN);
    }
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
