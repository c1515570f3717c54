import { readFile } from 'node:fs/promises';
import { failure } from '../system/errors.ts';
import type { Keywords } from './ssh-keywords.ts';

/**
 * Reads a `~/.ssh/config` where no `ssh` program is there to be asked. `Match exec` blocks are left out, since no
 * command is run; `Include` is refused rather than overlooked.
 */
export async function readSshConfig(file: string, host: string, user?: string): Promise<Keywords> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return new Map();
    throw failure('PERMISSION_DENIED', { path: file }, error);
  }
  const { default: SSHConfig } = await import('ssh-config');
  const computed = SSHConfig.parse(text).compute(
    { Host: host, ...(user === undefined ? {} : { User: user }) },
    { ignoreCase: true, matchExec: false },
  );
  const keywords = new Map<string, readonly string[]>();
  for (const [keyword, value] of Object.entries(computed)) {
    if (keyword === 'include') throw includes(file);
    const values = [value].flat();
    if (keyword === 'hostname') values[0] = values[0]?.replaceAll('%h', host).replaceAll('%%', '%') ?? host;
    // Only these can stand there several times; the others hold one value, maybe of several words.
    const repeatable = keyword === 'identityfile' || keyword === 'certificatefile';
    keywords.set(keyword, repeatable ? values : [values.join(' ')]);
  }
  return keywords;
}

const includes = (file: string): Error =>
  failure('UNSUPPORTED', { operation: `Include in ${file}`, where: "a machine without OpenSSH's ssh" });
