import { readFileSync, statSync } from 'node:fs';

/** What a password is looked up by. */
export interface PasswordKey {
  /** `localhost` also for the default socket directory. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
}

export interface PasswordFile {
  find(key: PasswordKey): string | undefined;
  /** Why the file is there but not used; it never holds a password. */
  readonly problem: string | undefined;
}

/**
 * `.pgpass`: lines `host:port:database:user:password`, where `*` stands for anything and a backslash takes the next
 * character as it is; the first line that fits counts. As libpq does, a file that others may read is not used.
 */
export function readPasswordFile(path: string): PasswordFile {
  const unused = (problem?: string): PasswordFile => ({ find: () => undefined, problem });
  let content: string;
  try {
    const { mode } = statSync(path);
    if ((mode & 0o077) !== 0) {
      return unused(`the password file ${path} is not used because others may read it: chmod 0600 it`);
    }
    content = readFileSync(path, 'utf8');
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return unused(missing ? undefined : `the password file ${path} cannot be read`);
  }
  const entries = content
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .flatMap((line) => entryOf(line.replace(/\r$/, '')) ?? []);
  return {
    find: ({ host, port, database, user }) => {
      const wanted = [host, String(port), database, user];
      const fits = ({ fields }: Entry): boolean =>
        wanted.every((value, index) => fields[index] === '*' || unescaped(fields[index] ?? '') === value);
      const found = entries.find(fits);
      return found === undefined ? undefined : unescaped(found.password);
    },
    problem: undefined,
  };
}

interface Entry {
  /** Host, port, database and user as they stand in the file. */
  readonly fields: readonly string[];
  readonly password: string;
}

// The password is the rest of the line: colons in it need no backslash.
const ENTRY = /^((?:(?:\\.|[^\\:])*:){4})(.*)$/;

function entryOf(line: string): Entry | undefined {
  const [, keys, password] = ENTRY.exec(line) ?? [];
  if (keys === undefined || password === undefined) return undefined;
  return { fields: (keys.match(/(?:\\.|[^\\:])*:/g) ?? []).map((field) => field.slice(0, -1)), password };
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, '$1');
}
