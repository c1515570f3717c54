/**
 * Columns as wide as their widest cell, two spaces apart; the last one runs free.
 * @param right columns that are aligned to the right
 */
export function table(
  heading: readonly string[],
  rows: readonly (readonly string[])[],
  right: ReadonlySet<number>,
): string {
  const all = [heading, ...rows];
  const widths = heading.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const pad = (cell: string, column: number): string => {
    const width = widths[column] ?? 0;
    if (right.has(column)) return cell.padStart(width);
    return column === heading.length - 1 ? cell : cell.padEnd(width);
  };
  return all.map((row) => `${row.map(pad).join('  ')}\n`).join('');
}
