import { closeSync, existsSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { identify, type ProcessIdentity } from '../../../system/process-identity.ts';

/** The recovery a `restore_command` works for, as far as can be seen from within it. */
export interface Recovery {
  /** By pg_control; undefined where the directory is none of PostgreSQL's. */
  readonly system: string | undefined;
  /** Where a file that is not there is the end of recovery. A standby asks again for ever. */
  readonly ends: boolean;
}

/** PostgreSQL runs its commands in the data directory. */
export function recoveryIn(directory: string): Recovery {
  const has = (name: string): boolean => existsSync(join(directory, name));
  return { system: systemIn(directory), ends: has('recovery.signal') && !has('standby.signal') };
}

/** The first field of pg_control, which never changes; the rest may be in the middle of a write. */
function systemIn(directory: string): string | undefined {
  const identifier = Buffer.alloc(8);
  try {
    const fd = openSync(join(directory, 'global', 'pg_control'), 'r');
    try {
      return readSync(fd, identifier) === identifier.length
        ? identifier.readBigUInt64LE().toString()
        : undefined;
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined;
  }
}

/** What the server's processes are called, whatever their titles say. */
const POSTGRES = /^(?:edb-)?post(?:gres|master)$/;

/** PostgreSQL's startup process, which had a shell run this one. Undefined where there is no /proc, or nobody of that name. */
export function commander(): ProcessIdentity | undefined {
  try {
    for (let pid = process.ppid; ; ) {
      // proc(5): `PID (NAME) STATE PPID …`; the name may hold anything.
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      const end = stat.lastIndexOf(')');
      if (POSTGRES.test(stat.slice(stat.indexOf('(') + 1, end))) return identify(pid);
      pid = Number(stat.slice(end + 2).split(' ')[1]);
    }
  } catch {
    // Above the first process there is none.
    return undefined;
  }
}
