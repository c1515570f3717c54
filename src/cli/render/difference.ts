import type { Difference, DiffReport } from '../../snapshot/index.ts';
import { line, named } from './json.ts';
import { renderName } from './name.ts';
import { grouped, scaled } from './numbers.ts';

/** `changed  dir/file (size, time; 3 B, was 5 B)` */
export function differenceLine({ kind, path, type, changes, sizeBefore, sizeAfter }: Difference): string {
  const name = `${path === '' ? '.' : renderName(path)}${type === 'directory' && path !== '' ? '/' : ''}`;
  const sizes =
    type !== 'file'
      ? ''
      : kind === 'removed'
        ? scaled(sizeBefore)
        : sizeBefore === sizeAfter || kind === 'created'
          ? scaled(sizeAfter)
          : `${scaled(sizeAfter)}, was ${scaled(sizeBefore)}`;
  const reasons = kind === 'changed' ? changes.join(', ') : '';
  const details = [reasons, sizes].filter((part) => part !== '').join('; ');
  return `${kind.padEnd(7)}  ${name}${details === '' ? '' : ` (${details})`}\n`;
}

export function differenceSummary(report: DiffReport): string {
  const parts = (['created', 'changed', 'removed'] as const).map(
    (kind) => `${grouped(report[kind])} ${kind} (${scaled(report[`${kind}Bytes`])})`,
  );
  return `${parts.join(', ')}\n`;
}

export function differenceJson({ path, kind, type, changes, sizeBefore, sizeAfter }: Difference): string {
  const change = kind === 'changed' ? { changes } : {};
  return line({
    type: 'difference',
    difference: kind,
    ...named('path', path),
    kind: type,
    ...change,
    sizeBefore,
    sizeAfter,
  });
}
