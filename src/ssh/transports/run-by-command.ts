import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { failure } from '../../system/errors.ts';
import { ERRORS_LIMIT, type RemoteEnd, type RemoteProgram } from '../remote-program.ts';
import { commandFailure } from './command-failure.ts';
import { type Command, isSsh } from './command-line.ts';

/** ssh's own status: everything else is that of the program there. */
const SSH_FAILED = 255;

/** `Connection.run` by a child process, which is in `children` as long as it runs. */
export function runByCommand(
  command: Command,
  line: string,
  children: Set<ChildProcess>,
): Promise<RemoteProgram> {
  const child = spawn(command.program, [...command.shellArgs, line], { stdio: 'pipe' });
  children.add(child);
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-ERRORS_LIMIT);
  });
  // The program may end without reading all of its input: its status tells more.
  child.stdin.on('error', () => undefined);
  const ended = new Promise<RemoteEnd>((resolve, reject) => {
    child.once('close', (code, signal) => {
      children.delete(child);
      if (signal === null && (code !== SSH_FAILED || !isSsh(command.program)))
        resolve({ status: code ?? 0, errors });
      else {
        const status = code ?? 128 + constants.signals[signal ?? 'SIGKILL'];
        reject(commandFailure(command, { status, stderr: errors, spoke: false }));
      }
    });
  });
  ended.catch(() => undefined);
  return new Promise<RemoteProgram>((resolve, reject) => {
    child.once('spawn', () => resolve({ input: child.stdin, output: child.stdout, ended }));
    child.once('error', (error) =>
      reject(failure('SSH_COMMAND_FAILED', { command: command.program, detail: error.message }, error)),
    );
  });
}
