import { type CheckResult, resultLine } from '../../manager/check/result.ts';
import type { ServerConfig } from '../../manager/config/configuration.ts';
import type { Json } from './python-json.ts';

/** A server and what was found of it. */
export interface CheckedServer {
  readonly server: ServerConfig;
  readonly results: readonly CheckResult[];
}

const status = ({ passed }: CheckResult): string => (passed ? 'OK' : 'FAILED');

/** The results of a server for `-f json`, by names that programs like. */
export function checkJson(results: readonly CheckResult[]): Json {
  const key = (name: string): string => name.toLowerCase().replace(/[ -]/g, '_').replaceAll('.', '');
  return Object.fromEntries(
    results.map((result) => [key(result.name), { status: status(result), hint: result.hint }]),
  );
}

/** Whether a server's checks decide the exit status: what is wrong with an inactive one hurts nobody. */
export const isInTrouble = ({ server, results }: CheckedServer): boolean =>
  server.options.active && results.some(({ passed }) => !passed);

/**
 * The answer of a Nagios plugin: one line with performance data behind a bar, then a line for each failed check.
 * @param badNames some of the names on the command line are of no server
 */
export function nagios(servers: readonly CheckedServer[], badNames: boolean): string {
  const failures = ({ results }: CheckedServer) => results.filter(({ passed }) => !passed);
  if (servers.some(isInTrouble)) {
    const troubled = servers.filter((each) => failures(each).length > 0);
    const [first] = troubled;
    const who =
      servers.length === 1 && first !== undefined
        ? `server ${first.server.name} has issues`
        : `${troubled.length} server out of ${servers.length} have issues`;
    const names = troubled.map(
      (each) =>
        ` * ${each.server.name} FAILED: ${failures(each)
          .map(({ name }) => name)
          .join(', ')}`,
    );
    const lines = troubled.flatMap((each) =>
      failures(each).map((result) => `\n${each.server.name}.${resultLine(result)}`),
    );
    return `BARMAN CRITICAL - ${who}${names.join('')}${performance(servers)}${lines.join('')}`;
  }
  if (badNames) return 'BARMAN CRITICAL - Global configuration errors';
  const ready = servers.filter(({ server }) => server.options.active).map(({ server }) => server.name);
  const ignored = servers.filter(({ server }) => !server.options.active).map(({ server }) => server.name);
  const ignoring = ignored.length === 0 ? '' : ` * IGNORING: ${ignored.join(', ')}`;
  return ready.length === 0
    ? `BARMAN OK - No server configured${ignoring}`
    : `BARMAN OK - Ready to serve the Espresso backup for ${ready.join(', ')}${ignoring}${performance(servers)}`;
}

/** `|pg=23074518B pg_wals=0B` */
function performance(servers: readonly CheckedServer[]): string {
  const curves = servers.flatMap(({ server, results }) =>
    results.flatMap(({ measured }) => {
      if (measured === undefined) return [];
      return `${server.name}${measured.what === 'wal' ? '_wals' : ''}=${measured.bytes}B`;
    }),
  );
  return curves.length === 0 ? '' : `|${curves.join(' ')}`;
}
