import { KEYWORDS } from './keywords.ts';
import type { Parameters } from './parameters.ts';

/** A `keyword=value` string that libpq and {@link parseConninfo} read as these parameters. Holds the secrets, too. */
export function formatConninfo(parameters: Parameters): string {
  return [...parameters].map(([name, value]) => `${name}=${quote(value)}`).join(' ');
}

/** The same parameters without passwords and other secrets: to show, to store, to write into another file. */
export function withoutSecrets(parameters: Parameters): Parameters {
  return new Map([...parameters].filter(([name]) => KEYWORDS.get(name)?.secret !== true));
}

function quote(value: string): string {
  return /^[^\s'\\]+$/.test(value) ? value : `'${value.replace(/['\\]/g, '\\$&')}'`;
}
