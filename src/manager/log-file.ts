import { appendFileSync } from 'node:fs';
import { redact } from '../postgres/conninfo/redact.ts';
import { fromErrno } from '../system/errno.ts';
import type { Log } from './log.ts';

/** Python's severities, by which `log_level` may also be given as a number. */
const SEVERITIES: Readonly<Record<string, number>> = {
  NOTSET: 0,
  DEBUG: 10,
  INFO: 20,
  WARNING: 30,
  ERROR: 40,
  CRITICAL: 50,
};

export interface LogFileOptions {
  /** Null writes nothing. */
  readonly path: string | null;
  /** A severity's name or number; what is neither counts as INFO. */
  readonly level: string;
  /** The part of the program that speaks. */
  readonly name: string;
  /** Called once, when the file cannot be written to. */
  readonly onProblem: (error: Error) => void;
}

/**
 * A log in the form of Barman's, `2026-11-22 19:57:17,400 [21506] cellarman.delete INFO: …`. The file is opened for each
 * line, so that it can be rotated away at any time. What a line goes on with on further lines is indented, and passwords
 * of connection strings are left out.
 */
export function openLogFile({ path, level, name, onProblem }: LogFileOptions): Log {
  const least = severity(level);
  let broken = false;
  const write = (word: string, text: string): void => {
    if (path === null || broken || severity(word) < least) return;
    const line = `${timestamp(new Date())} [${process.pid}] ${name} ${word}: ${oneEntry(text)}\n`;
    try {
      appendFileSync(path, line, { mode: 0o666 });
    } catch (error) {
      broken = true;
      onProblem(fromErrno(error, path));
    }
  };
  return {
    debug: (text) => write('DEBUG', text),
    info: (text) => write('INFO', text),
    warning: (text) => write('WARNING', text),
    error: (text) => write('ERROR', text),
  };
}

function severity(level: string): number {
  const number = /^\d+$/.test(level) ? Number(level) : SEVERITIES[level.toUpperCase()];
  return number ?? 20;
}

/** Local time, as Python's logging has it. */
function timestamp(now: Date): string {
  const shifted = new Date(now.getTime() - now.getTimezoneOffset() * 60_000).toISOString();
  return `${shifted.slice(0, 10)} ${shifted.slice(11, 19)},${shifted.slice(20, 23)}`;
}

const oneEntry = (text: string): string => redact(text).trimEnd().replaceAll(/\r?\n/g, '\n\t');
