/** The text below the options in a command's help, taken apart. */
export interface Blocks {
  /** Paragraphs; one whose lines are indented is shown as it is. */
  readonly about: readonly string[];
  readonly examples: readonly string[];
  readonly statuses: readonly (readonly [status: string, meaning: string])[];
  /** Where the statuses are told in sentences. */
  readonly statusText: readonly string[];
}

export function blocksOf(text: string): Blocks {
  const about: string[] = [];
  const examples: string[] = [];
  const statuses: [string, string][] = [];
  const statusText: string[] = [];
  for (const block of text.split(/\n{2,}/).filter((paragraph) => paragraph.trim() !== '')) {
    const [first = '', ...rest] = block.split('\n');
    if (first === 'Examples:') examples.push(...rest.map((line) => line.replace(/^ {4}/, '')));
    else if (first === 'Exit status:') {
      for (const line of rest) {
        const [, status = '', meaning = ''] = /^ *(\d+) {2}(.*)$/.exec(line) ?? [];
        statuses.push([status, meaning]);
      }
    } else if (first.startsWith('Exit status:')) statusText.push(block.replace('Exit status: ', ''));
    else about.push(block);
  }
  return { about, examples, statuses, statusText };
}
