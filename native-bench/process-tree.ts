import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

interface Stat {
  /** CPU seconds of the process itself. */
  readonly own: number;
  /** CPU seconds of the descendants that it, or those it waited for, waited for. */
  readonly reaped: number;
  /** Process ids are used again; together with the start they are unique. */
  readonly key: string;
}

/** Fields of /proc/PID/stat as numbered in proc_pid_stat(5); undefined: the process is gone. */
function readStat(pid: number): Stat | undefined {
  const text = readOrNothing(`/proc/${pid}/stat`);
  if (text === '') return undefined;
  // The command, in parentheses, may hold anything: the fields that count come after the last one, with field 3.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const field = (number: number): number => Number(fields[number - 3]);
  return {
    own: (field(14) + field(15)) / TICKS_PER_SECOND,
    reaped: (field(16) + field(17)) / TICKS_PER_SECOND,
    key: `${pid}@${field(22)}`,
  };
}

/** CPU seconds of the descendants of a process that have ended and were waited for all the way up to it. */
export function reapedSeconds(pid: number): number {
  return readStat(pid)?.reaped ?? 0;
}

/** CPU seconds of a process, and of its descendants as in {@link reapedSeconds}. */
export function spentSeconds(pid: number): number {
  const stat = readStat(pid);
  return stat === undefined ? 0 : stat.own + stat.reaped;
}

/** A child belongs to the thread that started it, hence the walk through the threads. */
export function descendants(root: number): number[] {
  const found: number[] = [];
  for (const thread of listOrNothing(`/proc/${root}/task`)) {
    for (const child of readOrNothing(`/proc/${root}/task/${thread}/children`).split(' ')) {
      if (child !== '') found.push(Number(child), ...descendants(Number(child)));
    }
  }
  return found;
}

/** What was seen of a set of processes while it ran. */
export class Sightings {
  readonly #seconds = new Map<string, number>();

  /** Bytes: the high-water marks of these processes, summed. */
  see(pids: readonly number[]): number {
    let bytes = 0;
    for (const pid of pids) {
      const stat = readStat(pid);
      if (stat === undefined) continue;
      this.#seconds.set(stat.key, stat.own);
      const peak = /^VmHWM:\s+(\d+) kB/m.exec(readOrNothing(`/proc/${pid}/status`));
      bytes += Number(peak?.[1] ?? 0) * 1024;
    }
    return bytes;
  }

  /** CPU seconds up to the last time each process was seen. */
  get seconds(): number {
    return [...this.#seconds.values()].reduce((sum, seconds) => sum + seconds, 0);
  }
}

function readOrNothing(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function listOrNothing(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
