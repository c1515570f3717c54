import fs from 'node:fs';
import os from 'node:os';

/** Which process, beyond its number: numbers are used again, and by every machine and container. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly host: string;
  /** Undefined where there is no /proc. */
  readonly boot: string | undefined;
  /** The name space the number counts in. */
  readonly space: string | undefined;
  /** Clock ticks from the boot to the start of the process. */
  readonly start: string | undefined;
}

const orUndefined = (read: () => string): string | undefined => {
  try {
    return read();
  } catch {
    return undefined;
  }
};

export function identify(pid: number): ProcessIdentity {
  return {
    pid,
    host: os.hostname(),
    boot: orUndefined(() => fs.readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()),
    space: orUndefined(() => fs.readlinkSync('/proc/self/ns/pid')),
    start: startOf(pid),
  };
}

/** proc(5), `/proc/PID/stat`, field 22; the second field is a name in parentheses that may hold anything. */
function startOf(pid: number): string | undefined {
  const stat = orUndefined(() => fs.readFileSync(`/proc/${pid}/stat`, 'latin1'));
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

/** True only where it is certain: a process of another machine or container may live as long as nobody can look. */
export function isDead(process_: ProcessIdentity): boolean {
  const now = identify(process_.pid);
  if (process_.host !== now.host) return false;
  if (process_.boot !== now.boot) return true;
  if (process_.space !== now.space) return false;
  if (process_.start !== now.start) return true;
  try {
    process.kill(process_.pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
