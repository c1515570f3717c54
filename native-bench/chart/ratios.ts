import { OURS } from '../ours.ts';
import { BARMAN, RSYNC, RSYNC_LOCAL, RSYNC_OUR_CIPHER, XXHSUM } from '../rivals.ts';
import type { Result } from '../rounds.ts';
import { ratio } from '../verdict.ts';
import { bar, COLOURS, FAINT, INK, line, type Panel, text } from './shapes.ts';

const RIVALS = [RSYNC, RSYNC_OUR_CIPHER, RSYNC_LOCAL, XXHSUM, BARMAN];
const LABELS = 430;
const BAR = 12;
const HEAD = 70;
const MOST = 1.5;

/** A bar for each scenario and main rival: our time divided by his. A tick stands at the target, a line at 1. */
export function ratioPanel(results: readonly Result[], width: number): Panel {
  const scale = (value: number): number => LABELS + (Math.min(value, MOST) / MOST) * (width - LABELS - 60);
  const shapes: string[] = [];
  let y = HEAD;
  for (const result of results) {
    const bars = RIVALS.flatMap((name, index) => {
      const value = ratio(result, name);
      return value === undefined ? [] : [{ name, value, colour: COLOURS[index] ?? INK }];
    });
    if (bars.length === 0) continue;
    shapes.push(text(LABELS - 10, y + (bars.length * BAR) / 2 + 4, label(result), { anchor: 'end' }));
    for (const { name, value, colour } of bars) {
      shapes.push(bar(LABELS, y, scale(value) - LABELS, BAR - 2, colour));
      shapes.push(text(width - 20, y + BAR - 3, value.toFixed(2), { anchor: 'end' }));
      for (const target of result.scenario.targets) {
        if (target.kind !== 'ratio' || target.against !== name) continue;
        shapes.push(line([scale(target.atMost), y - 2], [scale(target.atMost), y + BAR], INK, 2));
      }
      y += BAR;
    }
    y += 8;
  }
  if (shapes.length === 0) return { svg: '', height: 0 };
  const legend = RIVALS.map((name, index) => {
    const x = 20 + index * 190;
    return bar(x, 20, 10, 10, COLOURS[index] ?? INK) + text(x + 16, 29, name);
  });
  const head = [
    text(20, 4, `Time of ${OURS} divided by the rival's (medians; shorter is faster; tick: target)`, {
      bold: true,
    }),
    ...legend,
    line([scale(1), HEAD - 12], [scale(1), y], FAINT, 1.5),
    text(scale(1), HEAD - 16, 'as fast', { anchor: 'middle' }),
  ];
  return { svg: [...head, ...shapes].join('\n'), height: y };
}

function label({ scenario }: Result): string {
  const words = `(${scenario.names[0]}) ${scenario.title.replaceAll('`', '')}`;
  return words.length <= 62 ? words : `${words.slice(0, 61)}…`;
}
