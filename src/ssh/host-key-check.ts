import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { ServerHostKeyAlgorithm } from 'ssh2';
import { type CellarmanError, failure } from '../system/errors.ts';
import type { HostSettings } from './host-settings.ts';
import { judgeHostKey, type KnownHost, knownKeyTypes, parseKnownHosts } from './known-hosts.ts';

/** The known hosts as they are at the moment of a login. */
export interface HostKeyCheck {
  /** Signature algorithms to offer, those of known keys first, as OpenSSH does. */
  readonly algorithms: readonly ServerHostKeyAlgorithm[];
  /** Undefined for a good key; else HOST_KEY_UNKNOWN, HOST_KEY_CHANGED or HOST_KEY_REVOKED. Never asks anybody. */
  judge(key: Buffer): CellarmanError | undefined;
}

export async function loadHostKeyCheck(settings: HostSettings): Promise<HostKeyCheck> {
  const entries = (await Promise.all(settings.knownHostsFiles.map(readEntries))).flat();
  return {
    algorithms: orderAlgorithms(settings.hostKeyAlgorithms, knownKeyTypes(entries, settings.keyName)),
    judge: (key) => judge(settings, entries, key),
  };
}

async function readEntries(file: string): Promise<KnownHost[]> {
  try {
    return parseKnownHosts(await readFile(file, 'latin1'), file);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw failure('PERMISSION_DENIED', { path: file }, error);
  }
}

/** The last one, with SHA-1 signatures, only for those who ask for it: OpenSSH gave it up in 8.8. */
const ALGORITHMS = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
  'ssh-rsa',
] as const satisfies readonly ServerHostKeyAlgorithm[];

function orderAlgorithms(wanted: readonly string[], known: ReadonlySet<string>): ServerHostKeyAlgorithm[] {
  const possible = wanted.flatMap((name) => ALGORITHMS.find((algorithm) => algorithm === name) ?? []);
  const offered = possible.length > 0 ? possible : ALGORITHMS.slice(0, -1);
  const isKnown = (name: string): boolean => known.has(name.startsWith('rsa-sha2-') ? 'ssh-rsa' : name);
  return [...offered.filter(isKnown), ...offered.filter((name) => !isKnown(name))];
}

function judge(
  settings: HostSettings,
  entries: readonly KnownHost[],
  key: Buffer,
): CellarmanError | undefined {
  const keyType = key.toString('latin1', 4, 4 + key.readUInt32BE(0));
  const fingerprint = `${keyType} SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
  const host = settings.label;
  const verdict = judgeHostKey(entries, settings.keyName, keyType, key);
  switch (verdict.kind) {
    case 'known':
      return undefined;
    case 'revoked':
      return failure('HOST_KEY_REVOKED', { host, fingerprint });
    case 'changed':
      return failure('HOST_KEY_CHANGED', { host, fingerprint, where: verdict.where });
    case 'authority': {
      const remedy = 'known_hosts trusts a certificate authority for it, which works with -e ssh only';
      return failure('HOST_KEY_UNKNOWN', { host, fingerprint, remedy });
    }
    case 'unknown': {
      const line = `${settings.keyName} ${keyType} ${key.toString('base64')}`;
      const file = settings.knownHostsFiles[0] ?? 'a known_hosts file';
      const remedy = `compare this with what "ssh-keygen -lf" says of the host's own .pub file, then add this line to ${file}: ${line}`;
      return failure('HOST_KEY_UNKNOWN', { host, fingerprint, remedy });
    }
  }
}
