import { availableParallelism, cpus, loadavg } from 'node:os'
import { layOut } from '../src/cli/output/table.ts'
import { median, readable } from './figures.ts'

/** A bound that a figure or a ratio is meant to keep. */
export type Aim = { readonly least: number } | { readonly most: number }

/** One measured figure, and what it is compared with: measured in the same run, in the same unit. */
export interface Row {
  readonly figure: string
  readonly unit: string
  readonly value: number
  readonly beside?: { readonly what: string; readonly value: number }
  /** Value over what it is beside; where both were measured in turns, the median of the turns' own ratios. */
  readonly ratio?: number
  /** What the aim binds; the value without. */
  readonly aim?: Aim & { readonly of?: 'ratio' }
}

/** What one benchmark found. */
export interface Report {
  readonly bench: string
  /** How it was measured, in sentences. */
  readonly how: readonly string[]
  readonly rows: readonly Row[]
}

/** Where and under what load a report was made. */
export interface Circumstances {
  readonly node: string
  readonly cpu: string
  readonly cores: number
  /** Mean runnable processes over the minute before, at the start and at the end. */
  readonly loadBefore: number
  readonly loadAfter: number
  readonly seconds: number
}

/** A row of two sides that took turns: medians, and the median of their ratios, which what else the machine did disturbs least. */
export function inTurns<T>(
  rounds: readonly T[],
  row: Pick<Row, 'figure' | 'unit' | 'aim'>,
  value: (round: T) => number,
  beside: { readonly what: string; readonly value: (round: T) => number },
): Row {
  return {
    ...row,
    value: median(rounds.map(value)),
    beside: { what: beside.what, value: median(rounds.map(beside.value)) },
    ratio: median(rounds.map((round) => value(round) / beside.value(round))),
  }
}

/** A row of processor times; none where the system does not tell them. They say what something costs whatever else the machine does. */
export function processorRow<T>(
  rounds: readonly T[],
  row: Pick<Row, 'figure' | 'unit' | 'aim'>,
  value: (round: T) => number | undefined,
  beside: { readonly what: string; readonly value: (round: T) => number },
): Row[] {
  const known = rounds.every((round) => value(round) !== undefined)
  return known ? [inTurns(rounds, row, (round) => value(round) ?? Number.NaN, beside)] : []
}

/** Runs a benchmark and notes the circumstances. */
export async function observed(
  run: () => Promise<Report>,
): Promise<Report & { circumstances: Circumstances }> {
  const loadBefore = loadOfMinute()
  const begun = performance.now()
  const report = await run()
  const circumstances = {
    node: process.version,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    loadBefore,
    loadAfter: loadOfMinute(),
    seconds: (performance.now() - begun) / 1_000,
  }
  return { ...report, rows: report.rows.map(judged), circumstances }
}

function ratioOf({ value, beside, ratio }: Row): number | undefined {
  return ratio ?? (beside === undefined ? undefined : value / beside.value)
}

/** Whether a row keeps its aim; undefined where it has none. */
function isMet(row: Row): boolean | undefined {
  if (row.aim === undefined) return undefined
  const found = row.aim.of === 'ratio' ? ratioOf(row) : row.value
  if (found === undefined) return undefined
  return 'least' in row.aim ? found >= row.aim.least : found <= row.aim.most
}

/** A report as people read it: the table, and below it what the numbered figures are that stand beside. */
export function describe({
  bench,
  how,
  rows,
  circumstances,
}: Report & { circumstances: Circumstances }): string {
  const { node, cores, loadBefore, loadAfter, seconds } = circumstances
  const notes = [...new Set(rows.flatMap(({ beside }) => beside?.what ?? []))]
  const table = layOut(
    columns,
    rows.map((row) => cells(row, notes)),
    Number.POSITIVE_INFINITY,
  )
  const load = `load ${loadBefore.toFixed(1)} before, ${loadAfter.toFixed(1)} after`
  const lines = [
    ...how,
    `Node ${node}, ${cores} cores, ${load}, ${Math.round(seconds)} s in all.`,
    '',
    ...table.map(({ text }) => text),
    '',
    ...notes.map((what, index) => `[${index + 1}] ${what}`),
  ]
  return [bench, ...lines.map((line) => (line === '' ? '' : `  ${line}`)), ''].join('\n')
}

const columns = [
  { title: 'figure' },
  { title: 'grove', align: 'right' },
  { title: 'unit' },
  { title: 'beside', align: 'right' },
  { title: '' },
  { title: 'ratio', align: 'right' },
  { title: 'aim' },
  { title: '' },
] as const

function cells(row: Row, notes: readonly string[]): string[] {
  const { figure, value, unit, beside, aim } = row
  const ratio = ratioOf(row)
  const met = isMet(row)
  return [
    figure,
    readable(value),
    unit,
    beside === undefined ? '' : readable(beside.value),
    beside === undefined ? '' : `[${notes.indexOf(beside.what) + 1}]`,
    ratio === undefined ? '' : ratio.toPrecision(3),
    aim === undefined ? '' : aimText(aim),
    met === undefined ? '' : met ? 'met' : 'missed',
  ]
}

function aimText(aim: NonNullable<Row['aim']>): string {
  const bound = 'least' in aim ? `≥ ${readable(aim.least)}` : `≤ ${readable(aim.most)}`
  return aim.of === 'ratio' ? `ratio ${bound}` : bound
}

/** With ratio and judgement, so that readers of the JSON need not work them out. */
function judged(row: Row): Row {
  const [ratio, met] = [ratioOf(row), isMet(row)]
  return {
    ...row,
    ...(ratio === undefined ? {} : { ratio }),
    ...(met === undefined ? {} : { met }),
  }
}

function loadOfMinute(): number {
  return loadavg()[0] ?? Number.NaN
}
