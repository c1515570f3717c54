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

/**
 * Minutes east of Greenwich at the moments a wall clock in the zone shows this: two where summer time ends and the clock
 * shows it twice, none for an unknown zone.
 */
export function zoneOffsets(zone: string, clock: Clock): readonly number[] {
  const fixed = numericOffset(zone) ?? ABBREVIATIONS[zone.toUpperCase()];
  if (fixed !== undefined) return [fixed];
  if (!zone.includes('/')) return [];
  try {
    return offsetsBy((moment) => offsetAt(zone, moment), clock);
  } catch {
    return [];
  }
}

/** The same of this machine's own zone. */
export function localOffsets(clock: Clock): readonly number[] {
  return offsetsBy((moment) => -new Date(moment).getTimezoneOffset(), clock);
}

const DAY = 24 * 60 * 60_000;

/** A time that is left out where summer time begins counts from before, as in PostgreSQL and Barman. */
function offsetsBy(offsetOf: (moment: number) => number, clock: Clock): readonly number[] {
  const wall = utc(clock);
  const around = [...new Set([offsetOf(wall - DAY), offsetOf(wall + DAY)])];
  const fitting = around.filter((offset) => offsetOf(wall - offset * 60_000) === offset);
  return fitting.length > 0 ? fitting : around.slice(0, 1);
}

/** `+2`, `+02`, `-0330`, `+05:30`. */
function numericOffset(zone: string): number | undefined {
  const [, sign, hours, minutes = '0'] = /^([+-])(\d{1,2})(?::?(\d{2}))?(?::00)?$/i.exec(zone) ?? [];
  if (hours === undefined || Number(hours) > 15 || Number(minutes) > 59) return undefined;
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}

/** Of a zone such as `Europe/Berlin`. @throws RangeError where it is not known */
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
