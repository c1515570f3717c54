import type { ConfigFile } from './files.ts';

/** A line of a file that sets a key. */
export interface Setting {
  readonly text: string;
  readonly file: string;
  readonly line: number;
}

export type Section = ReadonlyMap<string, Setting>;

/** Lays files over each other: a later file wins, key by key. `[DEFAULT]` holds within its own file only. */
export function mergeSections(files: readonly ConfigFile[]): Map<string, Section> {
  const merged = new Map<string, Map<string, Setting>>();
  for (const { path, ini } of files) {
    for (const [name, values] of ini.sections) {
      const section = merged.get(name) ?? new Map<string, Setting>();
      merged.set(name, section);
      for (const [key, { text, line }] of [...ini.defaults, ...values]) {
        section.set(key, { text, line, file: path });
      }
    }
  }
  return merged;
}
