/** One line of a table; null where there is no figure. */
export type Row = Readonly<Record<string, string | number | null>>

/**
 * The rows as text, columns in the order of their first appearance, numbers to the right.
 */
export function tableOf(rows: readonly Row[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  const cells = rows.map((row) =>
    columns.map((column) => (row[column] === undefined ? '' : String(row[column] ?? '–'))),
  )
  const widths = columns.map((column, index) =>
    Math.max(column.length, ...cells.map((row) => row[index]?.length ?? 0)),
  )
  const numeric = columns.map((column) => rows.every((row) => typeof row[column] !== 'string'))
  const line = (row: readonly string[]) =>
    row
      .map((cell, index) =>
        numeric[index] ? cell.padStart(widths[index] ?? 0) : cell.padEnd(widths[index] ?? 0),
      )
      .join('  ')
  return [columns, ...cells].map((row) => `${line(row).trimEnd()}\n`).join('')
}
