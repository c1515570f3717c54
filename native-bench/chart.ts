import { logLogPanel } from './chart/log-log.ts';
import { ratioPanel } from './chart/ratios.ts';
import type { Result } from './rounds.ts';

const WIDTH = 960;
const GAP = 40;

/** An SVG of the ratios and, where it was measured, of cost against size. */
export function chart(results: readonly Result[]): string {
  const panels = [ratioPanel(results, WIDTH), logLogPanel(results, WIDTH)].filter(
    (panel) => panel.height > 0,
  );
  const height = panels.reduce((sum, panel) => sum + panel.height + GAP, GAP);
  let y = GAP;
  const body = panels.map((panel) => {
    const group = `<g transform="translate(0 ${y})">\n${panel.svg}\n</g>`;
    y += panel.height + GAP;
    return group;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    ...body,
    '</svg>',
    '',
  ].join('\n');
}
