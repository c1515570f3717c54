import type { SyncEvent, SyncReport } from '../../sync/report.ts';
import { type ByteString, toBuffer } from '../../system/byte-string.ts';
import { CellarmanError } from '../../system/errors.ts';

/**
 * One JSON object on one line per event, `type` first. Names are text; where the bytes of a name are not UTF-8 the text
 * holds U+FFFD and a second field `<field>Bytes` has the bytes in base64.
 */
export function eventJson(event: SyncEvent): string {
  switch (event.type) {
    case 'entry': {
      const { type, action, path, kind, changes, size, target, leader, fromBasis } = event;
      return line({
        type,
        action,
        ...named('path', path),
        kind,
        changes,
        size,
        ...named('target', target),
        ...named('leader', leader),
        ...(fromBasis ? { fromBasis } : {}),
      });
    }
    case 'problem':
      return line({ type: event.type, ...named('path', event.path), ...errorFields(event.error) });
    default:
      return line(event);
  }
}

/** The last line of a run that came to its end. */
export function reportJson(report: SyncReport, status: number): string {
  return line({ type: 'report', status, ...report });
}

/** The last line of a run that an error ended. */
export function errorJson(error: unknown, status: number): string {
  return line({ type: 'error', status, ...errorFields(error) });
}

/** What a program needs to know of an error. */
export function errorFields(error: unknown): object {
  if (error instanceof CellarmanError)
    return { code: error.code, message: error.message, facts: error.facts };
  return { code: 'INTERNAL', message: error instanceof Error ? error.message : String(error), facts: {} };
}

const lenient = new TextDecoder();
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A name as one or two fields. */
export function named(field: string, value: ByteString | undefined): object {
  if (value === undefined) return {};
  const bytes = toBuffer(value);
  try {
    return { [field]: strict.decode(bytes) };
  } catch {
    return { [field]: lenient.decode(bytes), [`${field}Bytes`]: bytes.toString('base64') };
  }
}

/** One object on one line. */
export const line = (value: object): string => `${JSON.stringify(value)}\n`;
