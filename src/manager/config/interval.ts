/** Lengths of time in the configuration are whole hours; a month is 31 days. */
export type IntervalHours = number;

const HOURS = { hour: 1, day: 24, week: 7 * 24, month: 31 * 24 } as const;
const INTERVAL = /^\s*(\d+)\s+(hour|day|week|month)s?\s*$/i;

export function parseInterval(text: string): IntervalHours | undefined {
  const [, amount, unit] = INTERVAL.exec(text) ?? [];
  if (unit === undefined) return undefined;
  // The expression lets only these four through.
  return Number(amount) * HOURS[unit.toLowerCase() as keyof typeof HOURS];
}

/** As Python prints a `timedelta`: `7 days, 0:00:00`, `1:00:00`. */
export function formatInterval(hours: IntervalHours): string {
  const days = Math.floor(hours / 24);
  const clock = `${hours % 24}:00:00`;
  return days === 0 ? clock : `${days} day${days === 1 ? '' : 's'}, ${clock}`;
}
