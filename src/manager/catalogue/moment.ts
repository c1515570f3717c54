/**
 * A point in time as `backup.info` has it: Python's `str(datetime)`, such as `2026-11-22 15:17:47.343285+00:00`, with
 * the offset of the database session. The offset is kept, since listings show the time in it.
 */
export interface Moment {
  /** Microseconds since the epoch. */
  readonly epoch: number;
  /** Minutes east of Greenwich. */
  readonly offset: number;
}

const TEXT =
  /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?\s*(Z|([+-])(\d\d):?(\d\d)?(?::\d\d)?)?$/;

/** A time without offset is this host's local time, as Barman takes it. Undefined for what is no time. */
export function parseMoment(text: string): Moment | undefined {
  const match = TEXT.exec(text.trim());
  if (match === null) return parseOther(text);
  const [, year, month, day, hour, minute, second, fraction = '', zone, sign, zoneHours, zoneMinutes = '0'] =
    match;
  const clock = [year, month, day, hour, minute, second].map(Number) as Clock;
  const [y, mo, d, h, mi, s] = clock;
  const micros = Number(fraction.padEnd(6, '0').slice(0, 6));
  if (mo < 1 || mo > 12 || d < 1 || d > 31 || h > 23 || mi > 59 || s > 60) return undefined;
  if (zone === undefined) {
    const local = new Date(y, mo - 1, d, h, mi, s);
    return { epoch: local.getTime() * 1000 + micros, offset: -local.getTimezoneOffset() };
  }
  const offset = zone === 'Z' ? 0 : (sign === '-' ? -1 : 1) * (Number(zoneHours) * 60 + Number(zoneMinutes));
  return { epoch: (Date.UTC(y, mo - 1, d, h, mi, s) - offset * 60_000) * 1000 + micros, offset };
}

type Clock = [number, number, number, number, number, number];

/** Barman 1.x wrote `Sun Nov 22 15:17:47 2026`. */
function parseOther(text: string): Moment | undefined {
  if (!/^[A-Z][a-z]{2} [A-Z][a-z]{2} +\d+ [\d:]+ \d{4}$/.test(text.trim())) return undefined;
  const local = new Date(text.trim());
  return Number.isNaN(local.getTime())
    ? undefined
    : { epoch: local.getTime() * 1000, offset: -local.getTimezoneOffset() };
}

/** Python's `str(datetime)`: no fraction when it is zero. */
export function formatMoment({ epoch, offset }: Moment): string {
  const shifted = new Date(Math.floor(epoch / 1000) + offset * 60_000).toISOString();
  const micros = ((epoch % 1_000_000) + 1_000_000) % 1_000_000;
  const fraction = micros === 0 ? '' : `.${String(micros).padStart(6, '0')}`;
  const distance = Math.abs(offset);
  const zone = [Math.floor(distance / 60), distance % 60]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
  return `${shifted.slice(0, 10)} ${shifted.slice(11, 19)}${fraction}${offset < 0 ? '-' : '+'}${zone}`;
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** C's `ctime` in the moment's own offset, `Sun Nov 22 15:17:47 2026`, as listings show it. */
export function formatCtime({ epoch, offset }: Moment): string {
  const date = new Date(Math.floor(epoch / 1000) + offset * 60_000);
  const clock = date.toISOString().slice(11, 19);
  const day = String(date.getUTCDate()).padStart(2, ' ');
  return `${DAYS[date.getUTCDay()]} ${MONTHS[date.getUTCMonth()]} ${day} ${clock} ${date.getUTCFullYear()}`;
}
