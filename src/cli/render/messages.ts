import type { Log } from '../../manager/log.ts';
import type { Output } from '../context.ts';
import { type Json, pythonJson } from './python-json.ts';

/**
 * What a command of the backup manager says. On the console each thing is written when it is said; in JSON there is one
 * object at the end, the sentences in arrays `_INFO`, `_WARNING`, `_ERROR`, the results under their own keys.
 */
export interface Messages {
  readonly format: 'console' | 'json';
  /** Results and progress; silenced by `-q`. */
  info(text: string): void;
  warning(text: string): void;
  /** The run goes on, but will not end well. */
  error(text: string): void;
  /** A result of the JSON form; an object is joined with the one already there. */
  result(key: string, value: Json): void;
  readonly failed: boolean;
  close(): void;
}

export interface MessageOptions {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly quiet: boolean;
  readonly color: boolean;
}

const RED = '31';
const YELLOW = '33';

export function consoleMessages({ stdout, stderr, quiet, color }: MessageOptions): Messages {
  let failed = false;
  const labelled = (label: string, code: string, text: string): void => {
    stderr.write(color ? `\u001b[${code}m${label}: ${text}\u001b[0m\n` : `${label}: ${text}\n`);
  };
  return {
    format: 'console',
    info: (text) => {
      if (!quiet) stdout.write(`${text}\n`);
    },
    warning: (text) => labelled('WARNING', YELLOW, text),
    error: (text) => {
      failed = true;
      labelled('ERROR', RED, text);
    },
    result: () => {},
    get failed() {
      return failed;
    },
    close: () => {},
  };
}

export function jsonMessages({ stdout, quiet }: MessageOptions): Messages {
  const said: Record<'_INFO' | '_WARNING' | '_ERROR', string[]> = { _INFO: [], _WARNING: [], _ERROR: [] };
  const results: Record<string, Json> = {};
  return {
    format: 'json',
    info: (text) => said._INFO.push(text),
    warning: (text) => said._WARNING.push(text),
    error: (text) => said._ERROR.push(text),
    result: (key, value) => {
      results[key] = value;
    },
    get failed() {
      return said._ERROR.length > 0;
    },
    close: () => {
      if (quiet) return;
      const sentences = Object.entries(said).filter(([, texts]) => texts.length > 0);
      stdout.write(pythonJson({ ...results, ...Object.fromEntries(sentences) }));
    },
  };
}

/** The same, noted in the log as well. */
export function logged(messages: Messages, log: Log): Messages {
  return {
    ...messages,
    info: (text) => {
      log.info(text);
      messages.info(text);
    },
    warning: (text) => {
      log.warning(text);
      messages.warning(text);
    },
    error: (text) => {
      log.error(text);
      messages.error(text);
    },
    get failed() {
      return messages.failed;
    },
  };
}

/** Says what another run of this program said in JSON. */
export function repeatMessages(json: string, messages: Messages): void {
  // Written by jsonMessages of the same version.
  const said = JSON.parse(json) as Partial<Record<'_INFO' | '_WARNING' | '_ERROR', readonly string[]>>;
  for (const text of said._INFO ?? []) messages.info(text);
  for (const text of said._WARNING ?? []) messages.warning(text);
  for (const text of said._ERROR ?? []) messages.error(text);
}
