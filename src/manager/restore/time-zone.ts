/** Minutes east of Greenwich of the zone abbreviations PostgreSQL knows by default, the common ones of them. */
const ABBREVIATIONS: Readonly<Record<string, number>> = {
  Z: 0,
  ZULU: 0,
  UTC: 0,
  UT: 0,
  GMT: 0,
  WET: 0,
  WEST: 60,
  BST: 60,
  CET: 60,
  MET: 60,
  CEST: 120,
  MEST: 120,
  EET: 120,
  EEST: 180,
  IDT: 180,
  MSK: 180,
  MSD: 240,
  SAST: 120,
  PKT: 300,
  HKT: 480,
  SGT: 480,
  AWST: 480,
  JST: 540,
  KST: 540,
  ACST: 570,
  AEST: 600,
  ACDT: 630,
  AEDT: 660,
  NZST: 720,
  NZDT: 780,
  BRT: -180,
  ART: -180,
  NST: -210,
  NDT: -150,
  AST: -240,
  ADT: -180,
  EST: -300,
  EDT: -240,
  CST: -360,
  CDT: -300,
  MST: -420,
  MDT: -360,
  PST: -480,
  PDT: -420,
  AKST: -540,
  AKDT: -480,
  HST: -600,
};

/** A wall clock: year, month from 1, day, hour, minute, second. */
export type Clock = readonly [number, number, number, number, number, number];

/** Minutes east of Greenwich at the moment a wall clock in the zone shows this; undefined for an unknown zone. */
export function zoneOffset(zone: string, clock: Clock): number | undefined {
  return numericOffset(zone) ?? ABBREVIATIONS[zone.toUpperCase()] ?? namedOffset(zone, clock);
}

/** `+2`, `+02`, `-0330`, `+05:30`, also behind `UTC` or `GMT`. */
function numericOffset(zone: string): number | undefined {
  const [, sign, hours, minutes = '0'] =
    /^(?:UTC|GMT)?([+-])(\d{1,2})(?::?(\d{2}))?(?::00)?$/i.exec(zone) ?? [];
  if (hours === undefined || Number(hours) > 15 || Number(minutes) > 59) return undefined;
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}

/** `Europe/Berlin`. */
function namedOffset(zone: string, clock: Clock): number | undefined {
  if (!zone.includes('/')) return undefined;
  const wall = utc(clock);
  try {
    // What the offset is depends on the moment, and the moment on the offset: twice is enough but for the hour of a change.
    const first = offsetAt(zone, wall);
    return offsetAt(zone, wall - first * 60_000);
  } catch {
    return undefined;
  }
}

function offsetAt(zone: string, moment: number): number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const parts = new Map(format.formatToParts(moment).map(({ type, value }) => [type, Number(value)]));
  const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
  const wall = utc([part('year'), part('month'), part('day'), part('hour'), part('minute'), part('second')]);
  return Math.round((wall - moment) / 60_000);
}

/** Milliseconds since the epoch, were the clock in Greenwich. */
export function utc([year, month, day, hour, minute, second]: Clock): number {
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** Of this machine's own zone. */
export function localOffset([year, month, day, hour, minute, second]: Clock): number {
  return -new Date(year, month - 1, day, hour, minute, second).getTimezoneOffset();
}
