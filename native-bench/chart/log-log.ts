import { OURS } from '../ours.ts';
import { RSYNC, RSYNC_OUR_CIPHER } from '../rivals.ts';
import type { Result } from '../rounds.ts';
import { filesOf } from '../scenarios/index.ts';
import { summarize } from '../verdict.ts';
import { COLOURS, FAINT, INK, line, type Panel, round, text } from './shapes.ts';

const LEFT = 80;
const TOP = 50;
const HEIGHT = 300;
const SERIES = [
  { name: OURS, colour: INK },
  { name: RSYNC, colour: COLOURS[0] },
  { name: RSYNC_OUR_CIPHER, colour: COLOURS[1] },
] as const;

interface Point {
  readonly files: number;
  readonly seconds: number;
}

/** Time against number of files where nothing changed, both axes by powers of ten. */
export function logLogPanel(results: readonly Result[], width: number): Panel {
  const series = SERIES.map(({ name, colour }) => ({ name, colour, points: pointsOf(results, name) }));
  const all = series.flatMap(({ points }) => points);
  if (all.length < 2) return { svg: '', height: 0 };
  const [x, xTicks] = logAxis(
    all.map((point) => point.files),
    LEFT,
    width - 200,
  );
  const [y, yTicks] = logAxis(
    all.map((point) => point.seconds),
    TOP + HEIGHT,
    TOP,
  );
  const shapes = [
    text(20, 4, 'Seconds against number of files, nothing changed, pull (medians)', { bold: true }),
    ...xTicks.flatMap((tick) => [
      line([x(tick), TOP], [x(tick), TOP + HEIGHT], FAINT),
      text(x(tick), TOP + HEIGHT + 18, tick.toLocaleString('en'), { anchor: 'middle' }),
    ]),
    ...yTicks.flatMap((tick) => [
      line([LEFT, y(tick)], [width - 200, y(tick)], FAINT),
      text(LEFT - 8, y(tick) + 4, `${tick} s`, { anchor: 'end' }),
    ]),
  ];
  series.forEach(({ name, colour, points }, index) => {
    if (points.length === 0) return;
    const path = points.map((point) => `${round(x(point.files))},${round(y(point.seconds))}`);
    shapes.push(`<polyline points="${path.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>`);
    for (const point of path) {
      const [cx, cy] = point.split(',');
      shapes.push(`<circle cx="${cx}" cy="${cy}" r="3" fill="${colour}"/>`);
    }
    const legendY = TOP + 20 + index * 20;
    shapes.push(line([width - 185, legendY - 4], [width - 165, legendY - 4], colour, 2));
    shapes.push(text(width - 160, legendY, name));
  });
  return { svg: shapes.join('\n'), height: TOP + HEIGHT + 24 };
}

function pointsOf(results: readonly Result[], name: string): Point[] {
  return results
    .flatMap((result) => {
      const files = filesOf(result.scenario);
      const outcome = result.outcomes.find((outcome) => outcome.name === name);
      const summary = outcome === undefined ? undefined : summarize(outcome);
      return files === undefined || summary === undefined ? [] : [{ files, seconds: summary.wallSeconds }];
    })
    .sort((a, b) => a.files - b.files);
}

/** A scale over whole powers of ten around the values, and these powers. */
function logAxis(values: readonly number[], from: number, to: number): [(value: number) => number, number[]] {
  const first = Math.floor(Math.log10(Math.min(...values)));
  const last = Math.max(first + 1, Math.ceil(Math.log10(Math.max(...values))));
  const ticks = Array.from({ length: last - first + 1 }, (_, index) => Number(`1e${first + index}`));
  return [(value) => from + ((Math.log10(value) - first) / (last - first)) * (to - from), ticks];
}
