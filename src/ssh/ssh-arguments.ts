import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Keywords } from './ssh-keywords.ts';

/** Options of ssh(1), each with its value behind it. */
type Arguments = readonly string[];

const KEYWORDS: Readonly<Record<string, string>> = { '-p': 'port', '-l': 'user', '-i': 'identityfile' };

/** The configuration file that ssh would read with these options. */
export function configFileOf(args: Arguments): string {
  const at = args.indexOf('-F');
  return at < 0 ? join(homedir(), '.ssh', 'config') : resolve(args[at + 1] ?? '');
}

/** What the options say stands before what the file says, as with ssh; of two values of one option the first counts. */
export function withArguments(keywords: Keywords, args: Arguments): Keywords {
  const all = new Map(keywords);
  const given = new Set<string>();
  for (const [at, option] of args.entries()) {
    const value = args[at + 1] ?? '';
    const [, word = '', text = ''] =
      option === '-o' ? (/^\s*(\w+)(?:\s*=\s*|\s+)(.*)$/s.exec(value) ?? []) : [];
    const keyword = KEYWORDS[option] ?? word.toLowerCase();
    if (keyword === '' || (given.has(keyword) && keyword !== 'identityfile')) continue;
    const others = keyword === 'identityfile' ? (all.get(keyword) ?? []) : [];
    all.set(keyword, [...others, word === '' ? value : text]);
    given.add(keyword);
  }
  return all;
}
