import { Argument, type Command } from 'commander';
import { bashCompletion } from '../completion/bash.ts';
import { fishCompletion } from '../completion/fish.ts';
import { zshCompletion } from '../completion/zsh.ts';
import type { Context } from '../context.ts';
import { describeProgram } from '../description.ts';

const ABOUT = `
Prints the script on standard output. It completes commands, options, their values, and the names of servers and
backups, which it asks cellarman for.

Examples:
    cellarman completion bash > /etc/bash_completion.d/cellarman
    cellarman completion zsh > /usr/local/share/zsh/site-functions/_cellarman
    cellarman completion fish > ~/.config/fish/completions/cellarman.fish

Exit status:
   0  the script was printed
   1  the command line is wrong`;

const SCRIPTS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };

/** `cellarman completion` */
export function define(command: Command, context: Context): void {
  command
    .addArgument(new Argument('<shell>', 'the shell').choices(Object.keys(SCRIPTS)))
    .addHelpText('after', ABOUT);
  command.action((shell: keyof typeof SCRIPTS) => {
    context.stdout.write(SCRIPTS[shell](describeProgram(command.parent ?? command)));
  });
}
