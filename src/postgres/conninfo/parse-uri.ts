import { checkParameter, conninfoError, type Parameters } from './parameters.ts';

const SCHEME = /^postgres(?:ql)?:\/\//;

export function isConninfoUri(text: string): boolean {
  return SCHEME.test(text);
}

// Credentials end at the first "@" before any "/", as libpq sees it.
const PARTS = /^(?:([^@/]*)@)?([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/s;
const HOST = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::([^:[\]]*))?$/;

/** `postgresql://[user[:password]@][host][:port][,…][/database][?keyword=value&…]`, parts percent-encoded. CONNINFO. */
export function parseConninfoUri(text: string): Parameters {
  const [, credentials, hosts = '', database, query] = PARTS.exec(text.replace(SCHEME, '')) ?? [];
  const parameters = new Map<string, string>();
  const set = (name: string, encoded: string | undefined, where: string): void => {
    if (encoded === undefined || encoded === '') return;
    const value = decode(encoded, where);
    checkParameter(name, value, where);
    parameters.set(name, value);
  };

  if (credentials !== undefined) {
    const colon = credentials.indexOf(':');
    set('user', colon === -1 ? credentials : credentials.slice(0, colon), 'the user name');
    if (colon !== -1) set('password', credentials.slice(colon + 1), 'the password');
  }
  const list = hosts.split(',').map((item) => {
    const [, bracketed, name, port = ''] = HOST.exec(item) ?? [];
    const host = bracketed ?? name;
    if (host === undefined) throw conninfoError('the host part of the URI is not as it should be');
    return { host, port };
  });
  set('host', list.some(({ host }) => host !== '') ? list.map(({ host }) => host).join(',') : '', 'the host');
  set('port', list.some(({ port }) => port !== '') ? list.map(({ port }) => port).join(',') : '', 'the port');
  set('dbname', database, 'the database name');

  for (const [index, pair] of (query === undefined || query === '' ? [] : query.split('&')).entries()) {
    const where = `parameter ${index + 1} of the URI`;
    const [name = '', value, ...more] = pair.split('=');
    if (value === undefined || more.length > 0) throw conninfoError(`${where} is not keyword=value`);
    // JDBC's word for it, which libpq understands too.
    if (name === 'ssl' && value === 'true') set('sslmode', 'require', where);
    else {
      checkParameter(decode(name, where), '', where);
      set(decode(name, where), value, where);
    }
  }
  return parameters;
}

function decode(text: string, where: string): string {
  try {
    const decoded = decodeURIComponent(text);
    if (!decoded.includes('\0')) return decoded;
  } catch {
    // Said below, without the text.
  }
  throw conninfoError(`${where} is not percent-encoded as it should be`);
}
