/** A summary's Markdown as text for a terminal: tables in columns, links as their text, escapes undone. */
export function summaryText(markdown: string): string {
  const lines = markdown.split('\n').filter((line) => !/^\|[-| ]+\|$/.test(line));
  const rows = lines.map((line) => (line.startsWith('|') ? cellsOf(line) : [[plain(line)]]));
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, ...cell.map((text) => text.length))));
  }
  return rows
    .flatMap((row) => {
      const height = Math.max(...row.map((cell) => cell.length));
      return Array.from({ length: height }, (_, at) =>
        row
          .map((cell, column) => (cell[at] ?? '').padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd(),
      );
    })
    .join('\n');
}

/** The cells of a row, each as its lines; a bar that is escaped belongs to the text. */
function cellsOf(row: string): string[][] {
  const cells = row.split(/(?<!\\)\|/).slice(1, -1);
  return cells.map((cell) => cell.trim().split('<br>').map(plain));
}

function plain(text: string): string {
  return text
    .replace(/\[((?:\\.|[^\]\\])*)\]\([^)]*\)/g, '$1')
    .replace(/\\(.)/g, '$1')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&amp;/g, '&');
}
