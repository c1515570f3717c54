/** Part of a chart; `height` 0: there is nothing to show. */
export interface Panel {
  readonly svg: string;
  readonly height: number;
}

export const COLOURS = ['#1f5fa8', '#d9822b', '#5a8f3c', '#8a4fa0', '#b03a48'] as const;
export const INK = '#222222';
export const FAINT = '#cccccc';

export function text(
  x: number,
  y: number,
  words: string,
  options: { anchor?: 'start' | 'middle' | 'end'; bold?: boolean } = {},
): string {
  const escaped = words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const weight = options.bold ? ' font-weight="bold"' : '';
  return `<text x="${round(x)}" y="${round(y)}" fill="${INK}" text-anchor="${options.anchor ?? 'start'}"${weight}>${escaped}</text>`;
}

export function line(
  from: readonly [number, number],
  to: readonly [number, number],
  colour: string,
  width = 1,
): string {
  return `<line x1="${round(from[0])}" y1="${round(from[1])}" x2="${round(to[0])}" y2="${round(to[1])}" stroke="${colour}" stroke-width="${width}"/>`;
}

export function bar(x: number, y: number, width: number, height: number, colour: string): string {
  return `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${height}" fill="${colour}"/>`;
}

export function round(value: number): number {
  return Math.round(value * 10) / 10;
}
