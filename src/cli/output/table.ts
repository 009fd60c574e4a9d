import { type Output, print, style, widthOf } from './output.ts'
import { cutText, cutTextStart, widthOfText, wrapText } from './width.ts'

/** A cell: its text, or forms of it, longest first, of which the first that fits is shown whole. */
export type Cell = string | readonly string[]

/** A column of a table, and what becomes of it where the terminal is too narrow. */
export interface Column {
  readonly title: string
  readonly align?: 'left' | 'right'
  /** May be cut, but to no less than this. Default: it is never cut. */
  readonly min?: number
  /** Is cut at the start: the end of a path says more. */
  readonly cutStart?: true
  /** May be left out; those with a higher number are first. Default: it never is. */
  readonly leaveOut?: number
  /**
   * What the table is about. It gets the larger part of the room. Where that is less than `min`, it
   * goes on lines of its own below each row, as many as this.
   */
  readonly main?: number
}

export interface Table {
  readonly columns: readonly Column[]
  readonly rows: readonly (readonly Cell[])[]
}

export interface Line {
  readonly text: string
  readonly head: boolean
}

const GAP = '  '
const INDENT = '  '
/** The part of the width that the main column may keep from the others. */
const MAIN_SHARE = 0.5

/** Writes a table. On a terminal it is fitted to its width. */
export function printTable(output: Output, table: Table): void {
  for (const { text, head } of layOut(table, widthOf(output)))
    print(output, head ? style(output, 'dim', text) : text)
}

/** The lines of a table, none wider than `width`; columns without content are left out. Pure. */
export function layOut(table: Table, width: number): Line[] {
  const filled = only(table, (_, index) =>
    table.rows.some((row) => longest(row[index] ?? '') !== ''),
  )
  if (fits(filled, width)) return lines(filled, width)
  const aside = only(filled, ({ main }) => main === undefined)
  const below = filled.columns.findIndex(({ main }) => main !== undefined)
  const head = narrowed(aside, width)
  if (below < 0) return lines(head, width)
  const [title, ...rows] = lines(head, width)
  const most = filled.columns[below]?.main
  return [
    ...(title === undefined ? [] : [title]),
    ...rows.flatMap((row, index) => [
      row,
      ...linesBelow(filled.rows[index]?.[below] ?? '', width, most),
    ]),
  ]
}

function linesBelow(cell: Cell, width: number, most: number | undefined): Line[] {
  const text = longest(cell)
  if (text === '') return []
  return wrapText(text, width - INDENT.length, most).map((line) => ({
    text: INDENT + line,
    head: false,
  }))
}

/** The table without as many of its columns as it takes to fit, as far as they may be left out. */
function narrowed(table: Table, width: number): Table {
  if (fits(table, width)) return table
  const orders = table.columns.map(({ leaveOut = Number.NEGATIVE_INFINITY }) => leaveOut)
  const worst = Math.max(...orders)
  if (worst === Number.NEGATIVE_INFINITY) return table
  const index = orders.lastIndexOf(worst)
  return narrowed(
    only(table, (_, other) => other !== index),
    width,
  )
}

function only({ columns, rows }: Table, keep: (column: Column, index: number) => boolean): Table {
  const kept = columns.flatMap((column, index) => (keep(column, index) ? [index] : []))
  return {
    columns: kept.flatMap((index) => columns[index] ?? []),
    rows: rows.map((row) => kept.map((index) => row[index] ?? '')),
  }
}

/** Whether the table fits with its columns cut as far as they may be. */
function fits(table: Table, width: number): boolean {
  return sum(leastWidths(table)) + gaps(table.columns) <= width
}

/** To what each column may be cut. Forms are never cut. */
function leastWidths(table: Table): number[] {
  const natural = naturalWidths(table)
  return table.columns.map(({ min }, index) => {
    if (min === undefined) return natural[index] ?? 0
    const forms = table.rows.map((row) => {
      const cell = row[index] ?? ''
      return typeof cell === 'string' ? 0 : widthOfText(cell.at(-1) ?? '')
    })
    return Math.min(natural[index] ?? 0, Math.max(min, ...forms))
  })
}

function lines(table: Table, width: number): Line[] {
  const { columns, rows } = table
  const widths = widthsWithin(table, width)
  const lay = (row: readonly Cell[], head: boolean): Line => {
    const cells = columns.map((column, index) => {
      const room = widths[index] ?? 0
      return padded(formWithin(row[index] ?? '', room, column), room, column.align ?? 'left')
    })
    return { text: cutText(cells.join(GAP).trimEnd(), width), head }
  }
  return [
    lay(
      columns.map(({ title }) => title),
      true,
    ),
    ...rows.map((row) => lay(row, false)),
  ]
}

/**
 * The widths of the columns. Those that may be cut give way until the main column has its share,
 * the widest first: at first those that may be left out, then the others. The main column takes
 * what they then leave.
 */
function widthsWithin(table: Table, width: number): number[] {
  const { columns, rows } = table
  const natural = naturalWidths(table)
  const room = width - gaps(columns)
  if (sum(natural) <= room) return natural
  const main = columns.findIndex((column) => column.main !== undefined)
  const least = leastWidths(table)
  const share = Math.max(least[main] ?? 0, Math.floor(room * MAIN_SHARE))
  const kept = main < 0 ? 0 : Math.min(natural[main] ?? 0, share)
  const sides = natural.map((own, index) => (index === main ? 0 : own))
  const minor = capped(sides, room - kept, (index) =>
    columns[index]?.leaveOut === undefined ? (sides[index] ?? 0) : (least[index] ?? 0),
  )
  const used = capped(minor, room - kept, (index) => least[index] ?? 0).map((most, index) => {
    const shown = rows.map((row) => widthOfText(formWithin(row[index] ?? '', most)))
    return Math.min(most, Math.max(widthOfText(columns[index]?.title ?? ''), ...shown))
  })
  const left = Math.max(0, room - sum(used))
  return used.map((each, index) => (index === main ? Math.min(natural[index] ?? 0, left) : each))
}

/** The widths, cut to one width, but none below its least, until they take no more than `room`. */
function capped(
  widths: readonly number[],
  room: number,
  least: (index: number) => number,
): number[] {
  const within = (cap: number) =>
    widths.map((own, index) => Math.min(own, Math.max(least(index), cap)))
  let cap = Math.max(0, ...widths)
  while (cap > 0 && sum(within(cap)) > room) cap--
  return within(cap)
}

function naturalWidths({ columns, rows }: Table): number[] {
  return columns.map(({ title }, index) =>
    Math.max(widthOfText(title), ...rows.map((row) => widthOfText(longest(row[index] ?? '')))),
  )
}

function longest(cell: Cell): string {
  return typeof cell === 'string' ? cell : (cell[0] ?? '')
}

/** The longest form that fits; else the shortest, cut. */
function formWithin(cell: Cell, width: number, { cutStart }: Partial<Column> = {}): string {
  const forms = typeof cell === 'string' ? [cell] : cell
  const cut = cutStart === true ? cutTextStart : cutText
  return forms.find((form) => widthOfText(form) <= width) ?? cut(forms.at(-1) ?? '', width)
}

function padded(text: string, width: number, align: 'left' | 'right'): string {
  const fill = ' '.repeat(Math.max(0, width - widthOfText(text)))
  return align === 'right' ? fill + text : text + fill
}

function gaps(columns: readonly Column[]): number {
  return GAP.length * Math.max(0, columns.length - 1)
}

function sum(widths: readonly number[]): number {
  return widths.reduce((total, each) => total + each, 0)
}
