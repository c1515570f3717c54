import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkParameter, conninfoError, type Parameters } from './parameters.ts';
import type { Surroundings } from './surroundings.ts';

// Where the packages of Debian, of Red Hat, and PostgreSQL's own build put the system-wide file.
const SYSTEM_DIRECTORIES = ['/etc/postgresql-common', '/etc/sysconfig/pgsql', '/usr/local/pgsql/etc'];

/**
 * The parameters of a service: from `PGSERVICEFILE` or `~/.pg_service.conf`, else from the system-wide file. Sections
 * `[name]` of lines `keyword=value`, without quotes or blanks around the sign. CONNINFO.
 */
export function readService(name: string, { environment, home }: Surroundings): Parameters {
  const own = environment['PGSERVICEFILE'] ?? join(home, '.pg_service.conf');
  const system = environment['PGSYSCONFDIR'];
  const directories = system === undefined ? SYSTEM_DIRECTORIES : [system];
  for (const path of [own, ...directories.map((directory) => join(directory, 'pg_service.conf'))]) {
    const content = contentOf(path);
    const section = content === undefined ? undefined : sectionOf(content, name, path);
    if (section !== undefined) return section;
  }
  throw conninfoError(`there is no service "${name}" in ${own} or the system's pg_service.conf`);
}

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function sectionOf(content: string, wanted: string, path: string): Parameters | undefined {
  let found: Map<string, string> | undefined;
  for (const [index, raw] of content.split('\n').entries()) {
    const line = raw.trim();
    const where = `${path}, line ${index + 1}`;
    if (line === '' || line.startsWith('#')) continue;
    if (line.startsWith('[')) {
      if (found !== undefined) return found;
      if (line === `[${wanted}]`) found = new Map();
      continue;
    }
    if (found === undefined) continue;
    if (line.startsWith('ldap')) throw conninfoError(`services from LDAP are not supported (${where})`);
    const equals = line.indexOf('=');
    if (equals === -1) throw conninfoError(`${where} has no "="`);
    const keyword = line.slice(0, equals);
    if (keyword === 'service') throw conninfoError(`a service cannot name another (${where})`);
    checkParameter(keyword, line.slice(equals + 1), where);
    // The first of a keyword counts.
    if (!found.has(keyword)) found.set(keyword, line.slice(equals + 1));
  }
  return found;
}
