import type { OwnerNames } from './site.ts';

/** Names and numbers from the text of passwd(5) and group(5): both have the name first and the number third. */
export function parseOwnerFiles(passwd: string, group: string): OwnerNames {
  return { users: numbers(passwd), groups: numbers(group) };
}

function numbers(text: string): Map<number, string> {
  const names = new Map<number, string>();
  for (const line of text.split('\n')) {
    const [name, , id] = line.split(':');
    if (name === undefined || name === '' || id === undefined || !/^\d+$/.test(id)) continue;
    if (!names.has(Number(id))) names.set(Number(id), name);
  }
  return names;
}
