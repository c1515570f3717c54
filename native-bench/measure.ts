import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { descendants, reapedSeconds, Sightings, spentSeconds } from './process-tree.ts';

export interface Command {
  readonly argv: readonly [string, ...string[]];
}

export interface Measured {
  /** From before the process is started to its end. */
  readonly wallSeconds: number;
  /** Of the process, its descendants, and the server's processes that worked for it. */
  readonly cpuSeconds: number;
  /** The largest sum, at one moment, of the high-water marks (resident) of the same processes. */
  readonly peakBytes: number;
  readonly status: number | string;
  /** The end of what it said on stderr. */
  readonly stderr: string;
}

const SAMPLE_MILLISECONDS = 25;
const SERVER_GRACE_MILLISECONDS = 10_000;
const STDERR_LIMIT = 4000;
/** Where this variable is set, Node 20 parses all certificates of the machine at each start, for some 50 ms: nobody shall pay for that. */
const { NODE_EXTRA_CA_CERTS: _, ...ENVIRONMENT } = process.env;

/**
 * Runs a command to its end. `listener` is the sshd whose sessions serve the command.
 *
 * CPU seconds come from two books, each of which can only miss some. The kernel adds the time of an ended process to
 * the one that waited for it, up to us and to the listener: exact, but a process whose parent died first is lost. The
 * samples see every process, but not its last milliseconds. For either side the greater sum is taken.
 */
export async function measure(command: Command, listener?: number): Promise<Measured> {
  const [program, ...args] = command.argv;
  const ours = new Sightings();
  const theirs = new Sightings();
  const served = (): number[] => (listener === undefined ? [] : descendants(listener));
  let peakBytes = 0;

  const reapedBefore = reapedSeconds(process.pid);
  const spentBefore = listener === undefined ? 0 : spentSeconds(listener);
  const start = performance.now();
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], env: ENVIRONMENT });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-STDERR_LIMIT);
  });

  const sample = (): void => {
    const clients = child.pid === undefined ? [] : [child.pid, ...descendants(child.pid)];
    peakBytes = Math.max(peakBytes, ours.see(clients) + theirs.see(served()));
  };
  const timer = setInterval(sample, SAMPLE_MILLISECONDS);
  let end = 0;
  let status: number | string;
  try {
    status = await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => {
        end = performance.now();
        resolve(code ?? signal ?? 'unknown');
      });
    });
    const deadline = end + SERVER_GRACE_MILLISECONDS;
    while (served().length > 0 && performance.now() < deadline) {
      theirs.see(served());
      await sleep(2);
    }
  } finally {
    clearInterval(timer);
  }
  const clientSeconds = Math.max(reapedSeconds(process.pid) - reapedBefore, ours.seconds);
  const serverSeconds = Math.max(
    listener === undefined ? 0 : spentSeconds(listener) - spentBefore,
    theirs.seconds,
  );
  return {
    wallSeconds: (end - start) / 1000,
    cpuSeconds: clientSeconds + serverSeconds,
    peakBytes,
    status,
    stderr,
  };
}

/** Runs a command that only prepares or checks something; throws with its words when it fails. */
export async function runOrThrow(command: Command): Promise<void> {
  const { status, stderr } = await measure(command);
  if (status !== 0) throw new Error(failureText(status, stderr));
}

export function failureText(status: number | string, stderr: string): string {
  const lines = stderr.trim().split('\n').slice(-3).join(' / ');
  return `ended with ${status}${lines === '' ? '' : `: ${lines}`}`;
}
