/** What the demo shows: plain lines, so that a terminal of any kind, a pipe and a log show the same. */
export const say = (text: string): void => void process.stdout.write(`${text}\n`);

let steps = 0;

export const step = (title: string): void => say(`\n${++steps}. ${title}`);

export const note = (text: string): void => say(`   ${text}`);

/** A command line, as somebody would type it. */
export const command = (line: string): void => say(`   $ ${line}`);

/** What a program said. */
export function output(text: string): void {
  for (const line of text.replace(/\n$/, '').split('\n')) say(`       ${line}`.trimEnd());
}

/** Shows whole lines as they come, and at the end what is left. */
export function lineByLine(): { push(text: string): void; end(): void } {
  let rest = '';
  return {
    push(text) {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) output(line);
    },
    end() {
      if (rest !== '') output(rest);
      rest = '';
    },
  };
}
