import { failure } from '../system/errors.ts';

/** The majors whose formats and functions this package knows. */
const OLDEST_MAJOR = 13;
const NEWEST_MAJOR = 18;

export interface PostgresVersion {
  readonly major: number;
  readonly minor: number;
  /** As people say it: `15.18`. */
  readonly text: string;
}

/** From the setting `server_version_num`, such as 150018. POSTGRES_VERSION where it is not a supported major. */
export function parseVersionNumber(number: number): PostgresVersion {
  const major = Math.floor(number / 10_000);
  // Before 10 the major had two parts, such as 9.6.
  const text = major < 10 ? `${major}.${Math.floor((number % 10_000) / 100)}` : `${major}.${number % 10_000}`;
  if (!(major >= OLDEST_MAJOR && major <= NEWEST_MAJOR)) throw failure('POSTGRES_VERSION', { version: text });
  return { major, minor: number % 10_000, text };
}

/** The major from the content of a `PG_VERSION` file. POSTGRES_VERSION. */
export function parseVersionFile(content: string): number {
  const major = /^\d+\n?$/.test(content) ? Number(content) : Number.NaN;
  if (!(major >= OLDEST_MAJOR && major <= NEWEST_MAJOR)) {
    throw failure('POSTGRES_VERSION', { version: JSON.stringify(content.slice(0, 20).trimEnd()) });
  }
  return major;
}
