export type Table = readonly (readonly string[])[];

/** For a terminal: columns padded to the same width; all but the first to the right. */
export function plainTable(rows: Table): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** For Markdown; the first row is the heading. */
export function markdownTable(rows: Table): string {
  const [heading = [], ...rest] = rows;
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  const rule = `|${heading.map((_, column) => (column === 0 ? '---' : '--:')).join('|')}|`;
  return [line(heading), rule, ...rest.map(line)].join('\n');
}
