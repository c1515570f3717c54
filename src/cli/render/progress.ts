import type { ProgressEvent } from '../../sync/report.ts';
import type { Output } from '../context.ts';
import { clockTime, grouped, scaled } from './numbers.ts';

/** Seconds over which the rate is taken, at most and at least. */
const WINDOW = 5;
const SHORTEST = 1;

/** Whether a line that is rewritten in place can be shown. */
export function canShowProgress(output: Output, env: Readonly<Record<string, string | undefined>>): boolean {
  return output.isTTY === true && env['TERM'] !== 'dumb' && (env['NO_COLOR'] ?? '') === '';
}

/** A line of its own on a terminal that tells how far the run is. */
export class ProgressLine {
  readonly #output: Output;
  readonly #now: () => number;
  #samples: { readonly time: number; readonly bytes: number }[] = [];
  #shown = false;

  /** `now` gives milliseconds. */
  constructor(output: Output, now: () => number = () => performance.now()) {
    this.#output = output;
    this.#now = now;
  }

  update(event: ProgressEvent): void {
    const text = progressText(event, this.#rate(event.bytes));
    this.#output.write(`\r${text.slice(0, (this.#output.columns || 80) - 1)}\x1b[K`);
    this.#shown = true;
  }

  /** Makes room for other text; the next update shows the line again. */
  clear(): void {
    if (this.#shown) this.#output.write('\r\x1b[K');
    this.#shown = false;
  }

  /** Bytes a second over the last seconds, undefined where that is not known yet. */
  #rate(bytes: number): number | undefined {
    const time = this.#now() / 1000;
    this.#samples.push({ time, bytes });
    this.#samples = this.#samples.filter((sample) => time - sample.time <= WINDOW);
    const oldest = this.#samples[0];
    return oldest && time - oldest.time >= SHORTEST
      ? (bytes - oldest.bytes) / (time - oldest.time)
      : undefined;
  }
}

/** The percentage and the remaining time are told only once the totals are exact, so that neither ever jumps back. */
export function progressText(event: ProgressEvent, rate: number | undefined): string {
  const { scanEnded, scanned, files, totalFiles, bytes, totalBytes } = event;
  const parts = [
    `${grouped(files)} of ${grouped(totalFiles)} files`,
    `${scaled(bytes)} of ${scaled(totalBytes)}`,
    ...(rate === undefined ? [] : [`${scaled(rate)}/s`]),
  ];
  if (!scanEnded) return [`${grouped(scanned)} scanned`, ...parts].join('  ');
  const percent = totalBytes === 0 ? 100 : Math.floor((bytes / totalBytes) * 100);
  const left = rate ? [`${clockTime((totalBytes - bytes) / rate)} left`] : [];
  return [`${String(percent).padStart(3)}%`, ...parts, ...left].join('  ');
}
