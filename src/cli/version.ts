import { readFileSync } from 'node:fs';

/** The version of the package; `package.json` lies two levels above this file in `src` and `dist` alike. */
export function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
