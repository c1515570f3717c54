import { fromText, toBuffer } from '../../system/byte-string.ts';
import { COLUMNS, type KeptAttributes, MAGIC, type ManifestHeader, VERSION } from './format.ts';
import { formatTime } from './line.ts';
import { escapeName, unescapeName } from './name.ts';

const ATTRIBUTES = ['perms', 'times', 'owner', 'group'] as const satisfies readonly (keyof KeptAttributes)[];

/** The lines of the header, without the empty line that ends it. */
export function formatHeader(header: ManifestHeader): string {
  return [
    `${MAGIC} ${VERSION}`,
    `source ${escapeName(fromText(header.source))}`,
    `started ${formatTime(header.started)}`,
    `mtime-precision ${formatTime(header.mtimePrecision)}`,
    `keeps ${ATTRIBUTES.filter((name) => header.keeps[name]).join(' ')}`,
    `columns ${COLUMNS}`,
    '',
  ].join('\n');
}

/** From the lines behind the first; a string says what is wrong with them. */
export function parseHeader(lines: readonly string[]): ManifestHeader | string {
  const values = new Map(
    lines.map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]),
  );
  const source = unescapeName(values.get('source') ?? '');
  const started = parseTime(values.get('started'));
  const mtimePrecision = parseTime(values.get('mtime-precision'));
  const kept = values.get('keeps')?.split(' ');
  if (!values.has('source') || source === undefined) return 'the header does not name the source';
  if (started === undefined || mtimePrecision === undefined) return 'a time is missing from the header';
  if (values.get('columns') !== COLUMNS) return 'the columns are unknown';
  if (kept === undefined) return 'the header does not tell the kept attributes';
  const keeps = {
    perms: kept.includes('perms'),
    times: kept.includes('times'),
    owner: kept.includes('owner'),
    group: kept.includes('group'),
  };
  return { source: toBuffer(source).toString('utf8'), started, mtimePrecision, keeps };
}

/** Seconds with six decimals, as microseconds; undefined for anything else. */
export function parseTime(text: string | undefined): number | undefined {
  const match = /^(\d{1,10})\.(\d{6})$/.exec(text ?? '');
  return match === null ? undefined : Number(match[1]) * 1_000_000 + Number(match[2]);
}
