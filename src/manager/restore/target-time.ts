import { failure } from '../../system/errors.ts';
import { formatMoment, type Moment } from '../catalogue/moment.ts';
import { type Clock, localOffsets, utc, zoneOffsets } from './time-zone.ts';

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const WEEKDAY = /^(mon|tues?|wed(nes)?|thu(rs)?|fri|sat(ur)?|sun)(day)?\.?,?$/i;

/**
 * A time as people give it to PostgreSQL: `2026-11-22 15:17:47.5+01`, `20261122T151747Z`, `Nov 22 2026 3:17 PM CET`,
 * `22-Nov-2026`, `11/22/2026` (month first), `22.11.2026`, `@1795360667`, `epoch`, `now`, `yesterday 10:00`, each with an
 * offset, an abbreviation or a name of a zone, or without: then it is this machine's. USAGE, also where the clock showed it
 * twice, since PostgreSQL and Barman take different ones then.
 */
export function parseTargetTime(text: string, now: Date): Moment {
  const seconds = /^@(\d{1,11})(?:\.(\d{1,6}))?$/.exec(text.trim());
  if (seconds !== null)
    return { epoch: Number(seconds[1]) * 1e6 + Number((seconds[2] ?? '').padEnd(6, '0')), offset: 0 };
  return new TimeText(text, now).parse();
}

type Day = readonly [year: number, month: number, day: number];
interface TimeOfDay {
  readonly clock: readonly [number, number, number];
  readonly micros: number;
}

/** Word by word; each word is a date, a time, a zone, or a part of them. */
class TimeText {
  readonly #text: string;
  readonly #now: Date;
  #day: Day | undefined;
  #time: TimeOfDay | undefined;
  #zone: string | undefined;
  #month: number | undefined;
  readonly #numbers: string[] = [];

  constructor(text: string, now: Date) {
    this.#text = text;
    this.#now = now;
  }

  parse(): Moment {
    const words = this.#text.trim().replaceAll(',', ' ').split(/\s+/);
    if (words.length === 1) {
      if (/^epoch$/i.test(words[0] ?? '')) return { epoch: 0, offset: 0 };
      if (/^now$/i.test(words[0] ?? '')) return this.#moment(this.#now);
    }
    for (const word of words) this.#take(word);
    if (this.#day === undefined && this.#month !== undefined) this.#day = this.#spelled(this.#month);
    else if (this.#numbers.length > 0) throw this.#wrong();
    const [year, month, day] = this.#day ?? this.#fail('it has no date');
    const { clock, micros } = this.#time ?? { clock: [0, 0, 0] as const, micros: 0 };
    const at: Clock = [year, month, day, ...clock];
    if (new Date(utc([year, month, day, 0, 0, 0])).getUTCDate() !== day || month > 12) throw this.#wrong();
    const [hour, minute, second] = clock;
    if (hour > 24 || minute > 59 || second > 60) throw this.#wrong();
    const [, digits] = /^(?:UTC|GMT)[+-](.*)$/i.exec(this.#zone ?? '') ?? [];
    if (digits !== undefined) {
      throw this.#fail(
        `"${this.#zone}" is not the same for PostgreSQL and Barman: write +${digits} for east or -${digits} for west of Greenwich`,
      );
    }
    const offsets = this.#zone === undefined ? localOffsets(at) : zoneOffsets(this.#zone, at);
    const [offset, other] = offsets;
    if (offset === undefined) throw this.#fail(`the time zone "${this.#zone}" is not known`);
    if (other !== undefined) {
      const both = offsets.map((each) => formatMoment({ epoch: 0, offset: each }).slice(-6)).join(' or ');
      throw this.#fail(`the clock showed this twice, as summer time ended: give the offset, ${both}`);
    }
    return { epoch: (utc(at) - offset * 60_000) * 1000 + micros, offset };
  }

  #take(word: string): void {
    const compact = /^(\d{8})T(\d{2,6}(?:\.\d+)?)(\S*)$/i.exec(word);
    const joined = /^(\d{4}-\d{1,2}-\d{1,2})T(\S+)$/i.exec(word);
    const split = compact ?? joined;
    if (split !== null) {
      this.#take(split[1] ?? '');
      if (compact === null) this.#take(split[2] ?? '');
      else {
        this.#take(
          (compact[2] ?? '').replace(/^(\d\d)(\d\d)?(\d\d)?/, (_, h, m = '00', s = '00') => `${h}:${m}:${s}`),
        );
        if (compact[3] !== '') this.#take(compact[3] ?? '');
      }
    } else if (!this.#takeTime(word) && !this.#takeDay(word) && !WEEKDAY.test(word)) this.#takeZone(word);
  }

  #takeTime(word: string): boolean {
    const half = /^([ap])\.?m\.?$/i.exec(word);
    if (half !== null && this.#time !== undefined) {
      this.#time = inHalf(this.#time, half[1] ?? '');
      return true;
    }
    const match = /^(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?([ap]m)?(.*)$/i.exec(word);
    if (match === null) return false;
    if (this.#time !== undefined) throw this.#wrong();
    const [, hour, minute, second = '0', fraction = '', suffix, zone = ''] = match;
    const micros = Number(fraction.padEnd(6, '0').slice(0, 6));
    this.#time = { clock: [Number(hour), Number(minute), Number(second)], micros };
    if (suffix !== undefined) this.#time = inHalf(this.#time, suffix);
    if (zone !== '') this.#takeZone(zone);
    return true;
  }

  #takeDay(word: string): boolean {
    const day = this.#dayOf(word);
    if (day !== undefined) {
      if (this.#day !== undefined) throw this.#wrong();
      this.#day = day;
      return true;
    }
    const month = MONTHS.indexOf(word.slice(0, 3).toLowerCase()) + 1;
    if (month > 0 && /^[a-z]{3,9}\.?$/i.test(word)) {
      this.#month = month;
      return true;
    }
    if (!/^\d{1,4}(st|nd|rd|th)?$/.test(word)) return false;
    this.#numbers.push(word.replace(/\D+$/, ''));
    return true;
  }

  #dayOf(word: string): Day | undefined {
    const relative = ['yesterday', 'today', 'tomorrow'].indexOf(word.toLowerCase());
    if (relative >= 0) {
      const then = new Date(this.#now);
      then.setDate(then.getDate() + relative - 1);
      return [then.getFullYear(), then.getMonth() + 1, then.getDate()];
    }
    const numbers = (pattern: RegExp): number[] | undefined => pattern.exec(word)?.slice(1).map(Number);
    const iso = numbers(/^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})$/) ?? numbers(/^(\d{4})(\d\d)(\d\d)$/);
    if (iso !== undefined) return iso as unknown as Day;
    const american = numbers(/^(\d{1,2})[/-](\d{1,2})[/-](\d{4})$/);
    if (american !== undefined) return [american[2] ?? 0, american[0] ?? 0, american[1] ?? 0];
    const german = numbers(/^(\d{1,2})\.(\d{1,2})\.(\d{4})$/);
    if (german !== undefined) return [german[2] ?? 0, german[1] ?? 0, german[0] ?? 0];
    const [, first, name, last] = /^(\d{1,4})-([a-z]{3})[a-z]*-(\d{1,4})$/i.exec(word) ?? [];
    const month = name === undefined ? 0 : MONTHS.indexOf(name.toLowerCase()) + 1;
    if (month === 0 || first === undefined || last === undefined) return undefined;
    return first.length === 4 ? [Number(first), month, Number(last)] : [Number(last), month, Number(first)];
  }

  /** `Nov 22 2026`, `22 November 2026`: the year is the one with four digits. */
  #spelled(month: number): Day {
    const year = this.#numbers.find((number) => number.length === 4);
    const day = this.#numbers.find((number) => number.length <= 2);
    if (this.#numbers.length !== 2 || year === undefined || day === undefined) throw this.#wrong();
    return [Number(year), month, Number(day)];
  }

  #takeZone(word: string): void {
    if (this.#zone !== undefined || !/^[a-z0-9_+:/-]+$/i.test(word)) throw this.#wrong();
    this.#zone = word;
  }

  #moment(date: Date): Moment {
    return { epoch: date.getTime() * 1000, offset: -date.getTimezoneOffset() };
  }

  #wrong(): Error {
    return failure('USAGE', {
      detail: `--target-time="${this.#text}" is not a time, such as "2026-11-22 15:17:47+01"`,
    });
  }

  #fail(detail: string): never {
    throw failure('USAGE', { detail: `--target-time="${this.#text}": ${detail}` });
  }
}

function inHalf({ clock: [hour, minute, second], micros }: TimeOfDay, letter: string): TimeOfDay {
  const inDay = (hour % 12) + (/^p/i.test(letter) ? 12 : 0);
  return { clock: [inDay, minute, second], micros };
}
