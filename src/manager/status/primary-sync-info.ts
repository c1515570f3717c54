import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { shellWord } from '../../ssh/remote-command.ts';
import { isSsh, splitWords } from '../../ssh/transports/command-line.ts';
import { failure } from '../../system/errors.ts';

/** Bytes; an archive of a million files fits. */
const MOST = 512 * 1024 * 1024;

/**
 * Has the Barman of a passive server's primary node say its sync-info.
 * @param command `primary_ssh_command`
 * @param line words of the command there
 * @throws SSH_COMMAND_FAILED
 */
export async function askPrimary(
  command: string,
  line: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  const [program = 'ssh', ...args] = splitWords(command);
  // Nobody is there to be asked for a password.
  const batch = isSsh(program) ? ['-o', 'BatchMode=yes'] : [];
  try {
    const { stdout } = await promisify(execFile)(
      program,
      [...batch, ...args, line.map(shellWord).join(' ')],
      {
        signal,
        maxBuffer: MOST,
      },
    );
    return stdout;
  } catch (error) {
    const { stderr = '', message } = error as { readonly stderr?: string; readonly message: string };
    const detail = stderr.trim().split('\n').at(-1) || message.split('\n', 1)[0] || 'it failed';
    throw failure('SSH_COMMAND_FAILED', { command, detail }, error);
  }
}
