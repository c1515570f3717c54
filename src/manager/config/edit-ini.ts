/** Sets one key in the text of a configuration file, and leaves every other line as it is. */
export function setInIni(text: string, section: string, key: string, value: string): string {
  const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n');
  let current: string | undefined;
  let header = -1;
  let at = -1;
  for (const [number, raw] of lines.entries()) {
    const line = raw.trim();
    const name = /^\[(.+)\]/.exec(line)?.[1];
    if (name !== undefined && !isContinuation(raw, lines, number)) {
      current = name;
      if (name === section) header = number;
    } else if (current === section && keyOf(line) === key && !isContinuation(raw, lines, number)) {
      // The last one counts.
      at = number;
    }
  }
  const setting = `${key} = ${value}`;
  if (at >= 0) {
    lines.splice(at, endOfValue(lines, at) - at, setting);
  } else if (header >= 0) {
    lines.splice(header + 1, 0, setting);
  } else {
    if (lines.length > 0) lines.push('');
    lines.push(`[${section}]`, setting);
  }
  return `${lines.join('\n')}\n`;
}

const keyOf = (line: string): string | undefined =>
  /^([^#;[=:][^=:]*?)\s*[=:]/.exec(line)?.[1]?.toLowerCase();

const depthOf = (line: string): number => line.length - line.trimStart().length;
const isNothing = (line: string): boolean => /^\s*(?:[#;].*)?$/.test(line);

/** A line indented deeper than the option above it goes on with that option's value. */
function isContinuation(raw: string, lines: readonly string[], number: number): boolean {
  if (depthOf(raw) === 0) return false;
  for (let above = number - 1; above >= 0; above -= 1) {
    const line = lines[above] ?? '';
    if (isNothing(line)) continue;
    if (depthOf(line) < depthOf(raw)) return !line.trim().startsWith('[');
  }
  return false;
}

/** The line behind the last one of a value; comments and blank lines after it stay. */
function endOfValue(lines: readonly string[], start: number): number {
  const depth = depthOf(lines[start] ?? '');
  let end = start + 1;
  for (let number = start + 1; number < lines.length; number += 1) {
    const line = lines[number] ?? '';
    if (isNothing(line)) continue;
    if (depthOf(line) <= depth) break;
    end = number + 1;
  }
  return end;
}
