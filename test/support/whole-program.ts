import { wholeProgram } from '../../src/cli/program.ts';

const nowhere = { write: () => true };

/** All definitions of the program, from the sources. */
export const wholeProgramOfTest = () =>
  wholeProgram({ stdout: nowhere, stderr: nowhere, env: {}, signal: new AbortController().signal });
