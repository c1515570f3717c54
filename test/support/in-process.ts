import { run } from '../../src/cli/program.ts';

export interface InProcessRun {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** One command line in this process, from the sources; nothing of the environment reaches it. */
export async function runInProcess(...args: readonly string[]): Promise<InProcessRun> {
  let stdout = '';
  let stderr = '';
  const status = await run(args, {
    stdout: {
      write: (text) => {
        stdout += text;
      },
    },
    stderr: {
      write: (text) => {
        stderr += text;
      },
    },
    env: {},
    signal: new AbortController().signal,
  });
  return { status, stdout, stderr };
}
