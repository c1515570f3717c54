import fs from 'node:fs';
import { join } from 'node:path';

/** Puts a file into the archive of a server for every line of its `xlog.db`; the lines. */
export function fillArchive(server: string): string[] {
  const lines = indexOf(server);
  for (const line of lines) {
    const [name = '', size] = line.split('\t');
    const directory = join(server, 'wals', name.endsWith('.history') ? '' : name.slice(0, 16));
    fs.mkdirSync(directory, { recursive: true });
    fs.writeFileSync(join(directory, name), 'x'.repeat(Number(size)));
  }
  return lines;
}

export function indexOf(server: string): string[] {
  return ['pg-xlog.db', 'xlog.db']
    .map((name) => join(server, 'wals', name))
    .filter((path) => fs.existsSync(path))
    .flatMap((path) => fs.readFileSync(path, 'utf8').split('\n'))
    .filter((line) => line !== '');
}

/** The names of all files below a directory, sorted. */
export function filesBelow(directory: string): string[] {
  return fs
    .readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .sort();
}
