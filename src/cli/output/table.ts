import { stripVTControlCharacters } from 'node:util'
import { type Output, print, style, widthOf } from './output.ts'

/** A column of a table: its heading and alignment. */
export interface Column {
  readonly title: string
  readonly align?: 'left' | 'right'
  /** Is cut if the terminal is too narrow. */
  readonly flexible?: boolean
}

const GAP = '  '
const FLEXIBLE_MIN = 12

/** Writes rows below headings. On a terminal, flexible columns are cut to fit its width. */
export function printTable(
  output: Output,
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): void {
  for (const line of layOut(columns, rows, widthOf(output))) {
    print(output, line.head ? style(output, 'dim', line.text) : line.text)
  }
}

/** The lines of a table, at most `width` columns wide if its inflexible columns allow. Pure. */
export function layOut(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
): { text: string; head: boolean }[] {
  const titles = columns.map((column) => column.title)
  const widths = columns.map((_, index) =>
    Math.max(...[titles, ...rows].map((row) => widthOfText(row[index] ?? ''))),
  )
  shrink(columns, widths, width)
  const lay = (row: readonly string[], head: boolean) => {
    const cells = columns.map((column, index) =>
      pad(row[index] ?? '', widths[index] ?? 0, column.align ?? 'left'),
    )
    return { text: cells.join(GAP).trimEnd(), head }
  }
  return [lay(titles, true), ...rows.map((row) => lay(row, false))]
}

/** Narrows the widest flexible column, step by step, until the table fits or none can shrink. */
function shrink(columns: readonly Column[], widths: number[], width: number): void {
  const total = () => widths.reduce((sum, each) => sum + each, GAP.length * (widths.length - 1))
  for (let excess = total() - width; excess > 0; excess = total() - width) {
    const givers = columns.flatMap((column, index) =>
      column.flexible === true && (widths[index] ?? 0) > FLEXIBLE_MIN ? [index] : [],
    )
    const widest = givers.toSorted((a, b) => (widths[b] ?? 0) - (widths[a] ?? 0))[0]
    if (widest === undefined) return
    widths[widest] = Math.max(
      FLEXIBLE_MIN,
      (widths[widest] ?? 0) - Math.max(1, Math.ceil(excess / givers.length)),
    )
  }
}

function pad(text: string, width: number, align: 'left' | 'right'): string {
  const cut =
    widthOfText(text) <= width
      ? text
      : `${[...stripVTControlCharacters(text)].slice(0, Math.max(0, width - 1)).join('')}…`
  const fill = ' '.repeat(Math.max(0, width - widthOfText(cut)))
  return align === 'right' ? fill + cut : cut + fill
}

function widthOfText(text: string): number {
  return [...stripVTControlCharacters(text)].length
}
