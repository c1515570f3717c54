import { type ByteString, byteString, fromText } from '../system/byte-string.ts';
import { failure } from '../system/errors.ts';

/**
 * Where a tree lies, as given on a command line:
 *
 *     PATH                                  this machine
 *     [user@]host:PATH                      PATH below the home directory unless it starts with `/`
 *     sftp://[user@]host[:port]/PATH        PATH is absolute, `/~/PATH` is below the home directory; percent-decoded
 *
 * A host that is an IPv6 address stands in brackets. As with rsync, a colon after a slash is part of a local name.
 */
export type Location = LocalLocation | RemoteLocation;

interface LocalLocation {
  readonly kind: 'local';
  readonly path: ByteString;
}

export interface RemoteLocation {
  readonly kind: 'remote';
  readonly user?: string;
  readonly host: string;
  readonly port?: number;
  /** For the SFTP server: relative ones start at the home directory, which is `.`. A slash at the end is kept. */
  readonly path: ByteString;
}

/** USAGE where the text is no location. */
export function parseLocation(text: string): Location {
  if (text === '') throw usage('an empty path is no location');
  if (text.includes('\0')) throw usage('a path cannot hold a NUL byte');
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme === 'sftp') return parseUrl(text);
  if (scheme === 'rsync') throw noDaemon(text);
  if (scheme !== undefined) throw usage(`${text}: "${scheme}://" is not supported; use sftp://HOST/PATH`);

  const host = /^((?:[^/:[\]]*@)?(?:\[[^/[\]]*\]|[^/:[\]]*)):(.*)$/s.exec(text);
  if (host === null) return { kind: 'local', path: fromText(text) };
  const [, authority = '', path = ''] = host;
  if (path.startsWith(':')) throw noDaemon(text);
  if (authority === '') {
    throw usage(`${text}: the host before the colon is missing; a file of this name is ./${text}`);
  }
  return { kind: 'remote', ...parseAuthority(text, authority), path: belowHome(text, fromText(path)) };
}

function parseUrl(text: string): RemoteLocation {
  const [, authority = '', path = ''] = /^[^:]*:\/\/([^/]*)(.*)$/s.exec(text) ?? [];
  const at = authority.lastIndexOf('@');
  const [, bracketed, named, port] = /^(?:(\[.*\])|([^:]*))(?::(\d*))?$/.exec(authority.slice(at + 1)) ?? [];
  const name = bracketed ?? named;
  if (name === undefined) throw usage(`${text}: write sftp://[user@]host[:port]/PATH`);
  const user = at < 0 ? '' : authority.slice(0, at);
  if (user.includes(':')) {
    throw usage('a location cannot hold a password, which others could see; use --password-file');
  }
  const decode = (part: string): string => Buffer.from(percentDecode(text, part), 'latin1').toString('utf8');
  return {
    kind: 'remote',
    ...parseAuthority(text, at < 0 ? decode(name) : `${decode(user)}@${decode(name)}`),
    ...(port === undefined || port === '' ? {} : { port: parsePort(text, port) }),
    path: urlPath(text, percentDecode(text, path)),
  };
}

function parseAuthority(text: string, authority: string): { user?: string; host: string } {
  const at = authority.lastIndexOf('@');
  const user = authority.slice(0, Math.max(at, 0));
  const host = authority.slice(at + 1).replace(/^\[(.*)\]$/, '$1');
  // What OpenSSH refuses since 9.6: these could become an option or reach a shell by way of a ProxyCommand.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused.
  const unsafe = /^-|[\x00-\x20\x7f'`"$\\;&<>|(){}]/;
  if (host === '' || unsafe.test(host)) throw usage(`${text}: "${host}" is not a host name`);
  if (at >= 0 && (user === '' || unsafe.test(user))) throw usage(`${text}: "${user}" is not a user name`);
  return at < 0 ? { host } : { user, host };
}

function parsePort(text: string, digits: string): number {
  const port = Number(digits);
  if (port < 1 || port > 65535) throw usage(`${text}: ${digits} is not a port (1 to 65535)`);
  return port;
}

/** `~` was always the shell's work at the other end; over SFTP, relative paths start at home anyway. */
function belowHome(text: string, path: ByteString): ByteString {
  if (path === '' || path === '~') return byteString('.');
  if (path.startsWith('~/')) return byteString(path.slice(2).replace(/^\/+/, '') || './');
  if (path.startsWith('~')) {
    throw usage(
      `${text}: the home directory of another user must be written out (a file of this name: ./~...)`,
    );
  }
  return path;
}

function urlPath(text: string, path: ByteString): ByteString {
  if (path === '') return byteString('.');
  return path.startsWith('/~') ? belowHome(text, byteString(path.slice(1))) : path;
}

function percentDecode(text: string, part: string): ByteString {
  const decoded = fromText(part).replace(/%([0-9a-f]{2})?/gi, (_, hex: string | undefined) => {
    if (hex === undefined || hex === '00')
      throw usage(`${text}: a % must be followed by the two hex digits of a byte`);
    return String.fromCharCode(Number.parseInt(hex, 16));
  });
  return byteString(decoded);
}

const noDaemon = (text: string): Error =>
  usage(
    `${text}: rsync daemons (host::module, rsync://) are not supported; use host:PATH or sftp://host/PATH`,
  );

const usage = (detail: string): Error => failure('USAGE', { detail });
