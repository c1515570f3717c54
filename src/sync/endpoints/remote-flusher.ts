import type { Connection } from '../../ssh/connection.ts';
import { checkAborted } from '../../system/abort.ts';
import { type ByteString, toText } from '../../system/byte-string.ts';
import { failure, isFailure } from '../../system/errors.ts';
import { lacksFlush } from '../../system/flush-file-system.ts';
import type { Flusher, Proof } from './flusher.ts';
import { Reconnector } from './reconnector.ts';
import { type Line, onLine } from './remote.ts';

/**
 * Shows the start of the machine and the proof, and flushes its file system. Names come on the standard input: no shell is
 * given one to interpret. A `sync` that ignores its arguments would find no fault with the name of a file as a directory.
 */
const PROBE = `env LC_ALL=C xargs -0 sh -c '${[
  'cat /proc/sys/kernel/random/boot_id "$1"',
  'if sync -f "$1/." 2>/dev/null; then exit 1; fi',
  'exec sync -f "$1"',
].join('; ')}' sh`;
const FLUSH = 'env LC_ALL=C xargs -0 sync -f';

/** Milliseconds for what an account without a shell does with the probe, which may be nothing. */
const PATIENCE = 60_000;
/** Bytes of a program's output that are looked at: more is not what was asked for. */
const MOST_OUTPUT = 64 * 1024;

interface Answer {
  readonly status: number;
  readonly output: Buffer;
  readonly errors: string;
}

/**
 * The `sync` of a Linux host, by the shell of the account. Undefined where it has none that sees the tree of the proof under
 * the same name, or no such program. The line is the flusher's from now on. @throws IO, ABORTED
 */
export async function remoteFlusher(
  line: Line,
  proof: Proof,
  signal: AbortSignal,
): Promise<Flusher | undefined> {
  const connections = new Reconnector(
    onLine(
      line,
      async (connection) => connection,
      () => {},
      signal,
    ),
  );
  const close = async (): Promise<void> => {
    await connections.close();
    await line.close();
  };
  try {
    const boot = await probe(await connections.current, proof, signal);
    if (boot === undefined) await close();
    return boot === undefined
      ? undefined
      : {
          boot,
          flush: (directories) => connections.attempt((connection) => flush(connection, directories, signal)),
          [Symbol.asyncDispose]: close,
        };
  } catch (error) {
    await close();
    checkAborted(signal);
    // Whatever stands in the way of programs there is no fault: SFTP is all that is needed.
    if (!isFailure(error) || isFailure(error, 'IO')) throw error;
    return undefined;
  }
}

async function probe(
  connection: Connection,
  { path, content }: Proof,
  signal: AbortSignal,
): Promise<string | undefined> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]);
  const { status, output, errors } = await ask(connection, PROBE, [path], limited);
  const rest = output.length - content.length;
  if (rest < 0 || !output.subarray(rest).equals(content)) return undefined;
  // Start-up files of a shell may have said something before.
  const boot = /(?:^|\n)([0-9a-f-]{36})\n$/.exec(output.toString('latin1', 0, rest))?.[1];
  if (boot === undefined || (status !== 0 && (errors === '' || lacksFlush(errors)))) return undefined;
  if (status !== 0) throw cannotFlush([path], errors);
  return boot;
}

async function flush(
  connection: Connection,
  directories: readonly ByteString[],
  signal: AbortSignal,
): Promise<void> {
  const { status, errors } = await ask(connection, FLUSH, directories, signal);
  if (status !== 0) throw cannotFlush(directories, errors || `sync ended with status ${status}`);
}

function cannotFlush(paths: readonly ByteString[], errors: string): Error {
  return failure('IO', { path: paths.map(toText).join(', '), detail: errors.trim() });
}

/** Runs a line that takes names from its standard input. ABORTED, and what a connection gives. */
async function ask(
  connection: Connection,
  line: string,
  names: readonly ByteString[],
  signal: AbortSignal,
): Promise<Answer> {
  checkAborted(signal);
  let abort = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(failure('ABORTED'));
  });
  signal.addEventListener('abort', abort, { once: true });
  try {
    // A server may leave the request itself without an answer.
    const { input, output, ended } = await Promise.race([connection.run(line), aborted]);
    const blocks: Buffer[] = [];
    let bytes = 0;
    output.on('data', (block: Buffer) => {
      bytes += block.length;
      if (bytes <= MOST_OUTPUT) blocks.push(block);
      else output.destroy();
    });
    output.on('error', () => {});
    input.end(Buffer.from(names.map((name) => `${name}\0`).join(''), 'latin1'));
    try {
      const end = await Promise.race([ended, aborted]);
      return { ...end, output: Buffer.concat(blocks) };
    } catch (error) {
      input.destroy();
      output.destroy();
      throw error;
    }
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
