import { existsSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { ConnectionOptions, SecureVersion } from 'node:tls';
import { SSL_MODES } from './keywords.ts';
import { conninfoError } from './parameters.ts';
import type { ConnectionTarget, TargetHost } from './resolve.ts';

/** One way to try a connection: in the clear, or with TLS. */
export type Attempt =
  | { readonly tls: undefined }
  | { readonly tls: ConnectionOptions; readonly direct: boolean };

const PLAIN: Attempt = { tls: undefined };

/**
 * What `sslmode` means for a host, as libpq has it: in which ways to try, in order. Certificates are checked where the
 * mode says so, and also where a root certificate file is there. CONNINFO where a file that the mode needs is missing.
 */
export function attemptsFor(target: ConnectionTarget, host: TargetHost): Attempt[] {
  const rootIsSystem = target.parameters.get('sslrootcert') === 'system';
  const asked = SSL_MODES.find((mode) => mode === target.parameters.get('sslmode'));
  const mode = asked ?? (rootIsSystem ? 'verify-full' : 'prefer');
  if (rootIsSystem && mode !== 'verify-full') {
    throw conninfoError('sslrootcert=system needs sslmode=verify-full');
  }
  // A socket of this machine has no TLS.
  if (mode === 'disable' || host.name.startsWith('/')) return [PLAIN];
  const encrypted = { tls: tlsOptions(target, host, mode), direct: isDirect(target, mode) };
  if (mode === 'prefer') return [encrypted, PLAIN];
  return mode === 'allow' ? [PLAIN, encrypted] : [encrypted];
}

type Mode = (typeof SSL_MODES)[number];

function tlsOptions({ parameters, home }: ConnectionTarget, host: TargetHost, mode: Mode): ConnectionOptions {
  const value = (name: string): string | undefined => parameters.get(name) || undefined;
  const inHome = (name: string): string => join(home, '.postgresql', name);
  /** A file that was named must be there; one in its usual place may be. */
  const file = (keyword: string, usual: string): Buffer | undefined => {
    const path = value(keyword) ?? inHome(usual);
    if (value(keyword) === undefined && !existsSync(path)) return undefined;
    try {
      return readFileSync(path);
    } catch {
      throw conninfoError(`the file ${path} of ${keyword} cannot be read`);
    }
  };

  const system = value('sslrootcert') === 'system';
  const ca = system ? undefined : file('sslrootcert', 'root.crt');
  if (mode.startsWith('verify') && ca === undefined && !system) {
    throw conninfoError(
      `sslmode=${mode} needs root certificates: put them into ${inHome('root.crt')}, or set sslrootcert to a file or to "system"`,
    );
  }
  const cert = value('sslcertmode') === 'disable' ? undefined : file('sslcert', 'postgresql.crt');
  const key = cert === undefined ? undefined : file('sslkey', 'postgresql.key');
  if (cert !== undefined && key === undefined)
    throw conninfoError('there is a client certificate but no sslkey');
  const crl = ca === undefined ? undefined : file('sslcrl', 'root.crl');
  const passphrase = value('sslpassword');
  return {
    rejectUnauthorized: ca !== undefined || system,
    // Only verify-full compares the name; with an address in `hostaddr` it is still the name that counts.
    ...(mode === 'verify-full' ? { host: host.name } : { checkServerIdentity: () => undefined }),
    ...(isIP(host.name) === 0 ? { servername: host.name } : {}),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(crl === undefined ? {} : { crl }),
    ...(passphrase === undefined ? {} : { passphrase }),
    minVersion: tlsVersion('ssl_min_protocol_version', value('ssl_min_protocol_version')) ?? 'TLSv1.2',
    maxVersion: tlsVersion('ssl_max_protocol_version', value('ssl_max_protocol_version')) ?? 'TLSv1.3',
  };
}

function isDirect({ parameters }: ConnectionTarget, mode: Mode): boolean {
  if (parameters.get('sslnegotiation') !== 'direct') return false;
  if (mode === 'prefer' || mode === 'allow') {
    throw conninfoError(`sslnegotiation=direct needs a stronger sslmode than ${mode}`);
  }
  return true;
}

const VERSIONS: readonly SecureVersion[] = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'];

function tlsVersion(keyword: string, text: string | undefined): SecureVersion | undefined {
  const version = VERSIONS.find((known) => known.toLowerCase() === text?.toLowerCase());
  if (text !== undefined && version === undefined) {
    throw conninfoError(`${keyword} must be one of ${VERSIONS.join(', ')}`);
  }
  return version;
}
