/** What PostgreSQL gives to `archive_command`, by name (`access/xlog_internal.h`). */
export type WalFileName =
  | { readonly kind: 'segment'; readonly timeline: number; readonly segment: string }
  /** The unfinished last segment of a timeline that was left. */
  | { readonly kind: 'partial'; readonly timeline: number; readonly segment: string }
  /** Where the timeline and its ancestors began. */
  | { readonly kind: 'history'; readonly timeline: number }
  /** The record of a base backup that began at `offset` bytes into the segment. */
  | {
      readonly kind: 'backup';
      readonly timeline: number;
      readonly segment: string;
      readonly offset: number;
    };

const FORM = /^([0-9A-F]{8})(?:\.history|([0-9A-F]{16})(?:(\.partial)|\.([0-9A-F]{8})\.backup)?)$/;

/** Undefined for every other name. */
export function parseWalFileName(name: string): WalFileName | undefined {
  const [, digits, rest, partial, offset] = FORM.exec(name) ?? [];
  if (digits === undefined) return undefined;
  const timeline = Number.parseInt(digits, 16);
  if (rest === undefined) return { kind: 'history', timeline };
  const segment = digits + rest;
  if (offset !== undefined) return { kind: 'backup', timeline, segment, offset: Number.parseInt(offset, 16) };
  return { kind: partial === undefined ? 'segment' : 'partial', timeline, segment };
}

const hex8 = (value: number): string => value.toString(16).toUpperCase().padStart(8, '0');

export function historyFileName(timeline: number): string {
  return `${hex8(timeline)}.history`;
}

/** `offset`: bytes from the start of the segment to the start of the backup. */
export function backupFileName(segment: string, offset: number): string {
  return `${segment}.${hex8(offset)}.backup`;
}
