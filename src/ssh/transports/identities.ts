import { readFile } from 'node:fs/promises';
import type { ParsedKey } from 'ssh2';
import type { Ssh2 } from './ssh2-library.ts';

/** What an IdentityFile of the host settings holds. */
export interface Identity {
  readonly path: string;
  /** Undefined where it cannot be had without a passphrase: then only the agent can use it. */
  readonly privateKey?: ParsedKey;
  /** SSH wire form; undefined where no `.pub` file says it either. */
  readonly publicKey?: Buffer;
  /** Why `privateKey` is missing, for people. */
  readonly problem?: string;
}

/** Reads the identity files that exist; a path may also name a public key whose other half is in the agent. */
export async function loadIdentities(ssh2: Ssh2, paths: readonly string[]): Promise<Identity[]> {
  const identities = await Promise.all(paths.map((path) => loadIdentity(ssh2, path)));
  return identities.filter((identity) => identity !== undefined);
}

async function loadIdentity(ssh2: Ssh2, path: string): Promise<Identity | undefined> {
  const key = await readKey(ssh2, path);
  if (key === undefined) return undefined;
  if (!(key instanceof Error) && key.isPrivateKey()) {
    return { path, privateKey: key, publicKey: key.getPublicSSH() };
  }
  const publicHalf = key instanceof Error ? await readKey(ssh2, `${path}.pub`) : key;
  const publicKey =
    publicHalf === undefined || publicHalf instanceof Error ? undefined : publicHalf.getPublicSSH();
  return { path, ...(publicKey === undefined ? {} : { publicKey }), problem: problemOf(path, key) };
}

async function readKey(ssh2: Ssh2, path: string): Promise<ParsedKey | Error | undefined> {
  try {
    const key: ParsedKey | Error | (ParsedKey | Error)[] = ssh2.parseKey(await readFile(path));
    return Array.isArray(key) ? key[0] : key;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    return error instanceof Error ? error : new Error(String(error));
  }
}

function problemOf(path: string, key: ParsedKey | Error): string {
  if (!(key instanceof Error)) return `${path} is a public key and the agent does not hold its other half`;
  if (/encrypted/i.test(key.message))
    return `${path} is encrypted and not in the agent (run: ssh-add ${path})`;
  if ('code' in key) return `${path} cannot be read (${key.code})`;
  return `${path} is of a kind that works with -e ssh only (${key.message})`;
}
