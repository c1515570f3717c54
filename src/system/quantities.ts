/** Sizes and durations in Barman's words, which monitoring reads. */

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB', 'ZiB', 'YiB'];

/** `999 B`, `1.5 KiB`; also of a rate, in bytes a second. */
export function prettySize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? Math.trunc(value) : roundHalfEven(value, 1)} ${UNITS[unit]}`;
}

/** What lies exactly in the middle goes to the even digit, as in Python's formatting; JavaScript's own goes up. */
export function roundHalfEven(value: number, digits: number): string {
  const exact = value.toFixed(60);
  const cut = exact.length - 60 + digits;
  const isMiddle = /^50*$/.test(exact.slice(cut));
  return isMiddle && /[02468]$/.test(exact.slice(0, cut)) ? exact.slice(0, cut) : value.toFixed(digits);
}

const STEPS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const;

/** Whole seconds as `1 hour, 2 minutes, 1 second`. */
export function prettyDuration(seconds: number): string {
  let rest = Math.trunc(seconds);
  const parts: string[] = [];
  for (const [name, length] of STEPS) {
    const amount = Math.trunc(rest / length);
    rest -= amount * length;
    if (amount > 0) parts.push(`${amount} ${name}${amount === 1 ? '' : 's'}`);
  }
  return parts.length === 0 ? 'less than one second' : parts.join(', ');
}

/** 0 to 1, as `99.90%`. */
export function prettyRatio(ratio: number): string {
  return `${roundHalfEven(ratio * 100, 2)}%`;
}
