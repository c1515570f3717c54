import { describeProgram } from '../../src/cli/description.ts';
import { wholeProgram } from '../../src/cli/program.ts';
import { readVersion } from '../../src/cli/version.ts';
import { commandPage, overviewPage } from './command-page.ts';
import { configurationPage } from './configuration-page.ts';

const nowhere = { write: () => true };

/** Every page by its file name, from the same definitions as the help. */
export async function manualPages(): Promise<ReadonlyMap<string, string>> {
  const program = describeProgram(
    await wholeProgram({ stdout: nowhere, stderr: nowhere, env: {}, signal: new AbortController().signal }),
  );
  const version = readVersion();
  return new Map([
    ['cellarman.1', overviewPage(program, version)],
    ...program.commands.map((command) => {
      return [`cellarman-${command.name}.1`, commandPage(program, command, version)] as const;
    }),
    ['cellarman.conf.5', configurationPage(version)],
  ]);
}
