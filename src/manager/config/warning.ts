import type { Setting } from './settings.ts';

/** Something in a file that was left out of account; the text is whole, the fields are for programs. */
export interface ConfigWarning {
  readonly file: string;
  readonly line: number;
  readonly section: string;
  readonly key: string;
  readonly text: string;
}

export function badValue(
  { file, line }: Setting,
  section: string,
  key: string,
  value: string,
  reason: string,
): ConfigWarning {
  const text = `Ignoring invalid configuration value '${value}' for key ${key} in [${section}] section (${file}:${line}): ${reason}`;
  return { file, line, section, key, text };
}

export function unknownKey({ file, line }: Setting, section: string, key: string): ConfigWarning {
  const text = `Invalid configuration option "${key}" in [${section}] section (${file}:${line}).`;
  return { file, line, section, key, text };
}
