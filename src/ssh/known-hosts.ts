import { createHmac } from 'node:crypto';

/**
 * The known_hosts format of sshd(8), one key a line:
 *
 *     [@cert-authority | @revoked] HOSTS KEYTYPE BASE64 [comment]
 *
 * HOSTS is a comma-separated list of patterns with `*`, `?` and `!` (negation, which wins), or one hashed name
 * `|1|SALT|HMAC-SHA1`. A name with a port other than 22 is `[name]:port`.
 */
export interface KnownHost {
  readonly marker: 'revoked' | 'cert-authority' | undefined;
  readonly hosts: string;
  readonly keyType: string;
  readonly key: Buffer;
  /** `FILE:LINE`, for people. */
  readonly where: string;
}

/** Lines that do not have this form are left out, as OpenSSH does. */
export function parseKnownHosts(text: string, file: string): KnownHost[] {
  return text.split('\n').flatMap((line, index) => {
    const words = line.trim().split(/[ \t]+/);
    const marker = words[0]?.startsWith('@') ? words.shift()?.slice(1) : undefined;
    const [hosts, keyType, key] = words;
    if (hosts === undefined || hosts.startsWith('#') || keyType === undefined || key === undefined) return [];
    if (marker !== undefined && marker !== 'revoked' && marker !== 'cert-authority') return [];
    return [{ marker, hosts, keyType, key: Buffer.from(key, 'base64'), where: `${file}:${index + 1}` }];
  });
}

/** How a host is called in known_hosts. */
export function knownHostName(address: string, port: number): string {
  const name = address.toLowerCase();
  return port === 22 ? name : `[${name}]:${port}`;
}

export type HostKeyVerdict =
  | { readonly kind: 'known' | 'revoked' | 'unknown' }
  /** Unknown, but an authority is trusted for this host: the server's certificate, which ssh2 cannot read, may be good. */
  | { readonly kind: 'authority' }
  | { readonly kind: 'changed'; readonly where: string };

/**
 * Judges a server's key. `name` is from `knownHostName`; a key that is known for the host without its port is good too,
 * as with OpenSSH, but a different one there proves nothing.
 */
export function judgeHostKey(
  entries: readonly KnownHost[],
  name: string,
  keyType: string,
  key: Buffer,
): HostKeyVerdict {
  const exact = entries.filter((entry) => matchesHost(entry.hosts, name));
  const portless = /^\[(.*)\]:\d+$/.exec(name)?.[1];
  const lenient = portless === undefined ? [] : entries.filter((entry) => matchesHost(entry.hosts, portless));
  const isThis = (marker: KnownHost['marker']) => (entry: KnownHost) =>
    entry.marker === marker && entry.key.equals(key);

  if ([...exact, ...lenient].some(isThis('revoked'))) return { kind: 'revoked' };
  if (exact.some(isThis(undefined))) return { kind: 'known' };
  const other = exact.find((entry) => entry.marker === undefined && entry.keyType === keyType);
  if (other !== undefined) return { kind: 'changed', where: other.where };
  if (lenient.some(isThis(undefined))) return { kind: 'known' };
  return { kind: exact.some((entry) => entry.marker === 'cert-authority') ? 'authority' : 'unknown' };
}

/** The types of the plain keys known for a host: to be asked for first, so that a key we know is the one we are shown. */
export function knownKeyTypes(entries: readonly KnownHost[], name: string): ReadonlySet<string> {
  const plain = entries.filter((entry) => entry.marker === undefined && matchesHost(entry.hosts, name));
  return new Set(plain.map((entry) => entry.keyType));
}

function matchesHost(hosts: string, name: string): boolean {
  if (hosts.startsWith('|')) {
    const [, version, salt, hash] = hosts.split('|');
    if (version !== '1' || salt === undefined || hash === undefined) return false;
    return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === hash;
  }
  let matched = false;
  for (const pattern of hosts.toLowerCase().split(',')) {
    const negated = pattern.startsWith('!');
    if (!matchesPattern(negated ? pattern.slice(1) : pattern, name)) continue;
    if (negated) return false;
    matched = true;
  }
  return matched;
}

function matchesPattern(pattern: string, name: string): boolean {
  const source = pattern
    .replace(/[\\^$.|+()[\]{}]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's').test(name);
}
