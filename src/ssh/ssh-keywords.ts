import { execFile } from 'node:child_process';
import { failure } from '../system/errors.ts';

/** The settings of one host: lower-case keyword of ssh_config(5) to its values, one for each time it stands there. */
export type Keywords = ReadonlyMap<string, readonly string[]>;

/** Reads what `ssh -G` prints: a keyword, a space and the rest of the line. */
export function parseKeywords(text: string): Keywords {
  const keywords = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const space = line.indexOf(' ');
    if (space < 1) continue;
    const keyword = line.slice(0, space).toLowerCase();
    keywords.set(keyword, [...(keywords.get(keyword) ?? []), line.slice(space + 1)]);
  }
  return keywords;
}

/** `ssh -G` may have to run the commands of `Match exec` lines. */
const PATIENCE_MS = 30_000;

/**
 * What OpenSSH itself would use for a host, `Include` and `Match` resolved; undefined where there is no `ssh` program.
 * SSH_COMMAND_FAILED with what it says where its configuration is wrong.
 */
export function askSsh(
  host: string,
  user?: string,
  port?: number,
  args: readonly string[] = [],
): Promise<Keywords | undefined> {
  const given = [
    ...args,
    ...(user === undefined ? [] : ['-l', user]),
    ...(port === undefined ? [] : ['-p', String(port)]),
  ];
  return new Promise((resolve, reject) => {
    execFile('ssh', ['-G', '-T', ...given, '--', host], { timeout: PATIENCE_MS }, (error, stdout, stderr) => {
      if (error === null) resolve(parseKeywords(stdout));
      else if (error.code === 'ENOENT') resolve(undefined);
      else {
        const detail = stderr.trim() || error.message;
        reject(failure('SSH_COMMAND_FAILED', { command: `ssh -G ${host}`, detail }, error));
      }
    });
  });
}
