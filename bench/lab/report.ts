import { availableParallelism, cpus, loadavg } from 'node:os'
import { layOut } from '../../src/cli/output/table.ts'
import { median, readable } from './figures.ts'

/** A bound that a figure is meant to keep, or with `of: 'ratio'` its ratio to the baseline. */
export type Aim = ({ readonly least: number } | { readonly most: number }) & {
  readonly of?: 'ratio'
}

/** One measured figure. */
export interface Row {
  readonly figure: string
  readonly unit: string
  readonly value: number
  /** What the figure is compared with, measured in the same run and unit. */
  readonly baseline?: { readonly what: string; readonly value: number }
  /** Value over baseline; of two sides that took turns, the median of the turns' own ratios. */
  readonly ratio?: number
  readonly aim?: Aim
}

/** A figure without its value. */
export type Figure = Pick<Row, 'figure' | 'unit' | 'aim'>

/** What one benchmark found. */
export interface Report {
  /** How it was measured, in sentences. */
  readonly how: readonly string[]
  readonly rows: readonly Row[]
  /** The same with more columns, for readers of the JSON. */
  readonly records?: readonly object[]
}

/** A report with its circumstances. */
export interface ObservedReport extends Report {
  readonly benchmark: string
  readonly circumstances: {
    readonly node: string
    readonly cpu: string
    readonly cores: number
    /** Mean number of runnable processes over the minute before the start, and before the end. */
    readonly loadBefore: number
    readonly loadAfter: number
    readonly seconds: number
  }
}

/** What one side of a comparison measured in a turn. */
type Measure<T, V = number> = (turn: T) => V

/** What a figure is compared with, turn by turn. */
export interface Baseline<T> {
  readonly what: string
  readonly value: Measure<T>
}

/**
 * The row of two sides that took turns. Its ratio is the median of the turns' ratios, which other
 * work of the machine disturbs least.
 */
export function comparison<T>(
  turns: readonly T[],
  figure: Figure,
  value: Measure<T>,
  baseline: Baseline<T>,
): Row {
  return {
    ...figure,
    value: median(turns.map(value)),
    baseline: { what: baseline.what, value: median(turns.map(baseline.value)) },
    ratio: median(turns.map((turn) => value(turn) / baseline.value(turn))),
  }
}

/**
 * The same for processor times, which don't depend on the load; no row where the system doesn't
 * tell them.
 */
export function cpuComparison<T>(
  turns: readonly T[],
  figure: Figure,
  value: Measure<T, number | undefined>,
  baseline: Baseline<T>,
): Row[] {
  const isKnown = turns.every((turn) => value(turn) !== undefined)
  return isKnown ? [comparison(turns, figure, (turn) => value(turn) ?? Number.NaN, baseline)] : []
}

/** How many repetitions there were, as a sentence. */
export const repetitions = (count: number): string =>
  count === 1 ? 'Measured once.' : `Median of ${count} repetitions.`

/** Runs a benchmark and notes the circumstances. */
export async function observed(
  benchmark: string,
  run: () => Promise<Report>,
): Promise<ObservedReport> {
  const loadBefore = loadOfMinute()
  const begun = performance.now()
  const { how, rows, records } = await run()
  const circumstances = {
    node: process.version,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    loadBefore,
    loadAfter: loadOfMinute(),
    seconds: (performance.now() - begun) / 1_000,
  }
  return { benchmark, how, rows: rows.map(judged), ...(records && { records }), circumstances }
}

/** A report for people: how it was measured, the table, and what the numbered baselines are. */
export function describe({ benchmark, how, rows, circumstances }: ObservedReport): string {
  const { node, cores, loadBefore, loadAfter, seconds } = circumstances
  const notes = [...new Set(rows.flatMap(({ baseline }) => baseline?.what ?? []))]
  const cells = rows.map((row) => cellsOf(row, notes))
  const load = `load ${loadBefore.toFixed(1)} before, ${loadAfter.toFixed(1)} after`
  const lines = [
    ...how,
    `Node ${node}, ${cores} cores, ${load}, ${Math.round(seconds)} s in all.`,
    '',
    ...layOut({ columns, rows: cells }, Number.POSITIVE_INFINITY).map(({ text }) => text),
    '',
    ...notes.map((what, index) => `[${index + 1}] ${what}`),
  ]
  return [benchmark, ...lines.map((line) => (line === '' ? '' : `  ${line}`)), ''].join('\n')
}

const columns = [
  { title: 'figure' },
  { title: 'grove', align: 'right' },
  { title: 'unit' },
  { title: 'baseline', align: 'right' },
  { title: '' },
  { title: 'ratio', align: 'right' },
  { title: 'aim' },
  { title: '' },
] as const

function cellsOf(row: Row, notes: readonly string[]): string[] {
  const { figure, value, unit, baseline, aim } = row
  const ratio = ratioOf(row)
  const met = isMet(row)
  return [
    figure,
    readable(value),
    unit,
    baseline === undefined ? '' : readable(baseline.value),
    baseline === undefined ? '' : `[${notes.indexOf(baseline.what) + 1}]`,
    ratio === undefined ? '' : ratio.toPrecision(3),
    aim === undefined ? '' : aimText(aim),
    met === undefined ? '' : met ? 'met' : 'missed',
  ]
}

function aimText(aim: Aim): string {
  const bound = 'least' in aim ? `≥ ${readable(aim.least)}` : `≤ ${readable(aim.most)}`
  return aim.of === 'ratio' ? `ratio ${bound}` : bound
}

function ratioOf({ value, baseline, ratio }: Row): number | undefined {
  return ratio ?? (baseline === undefined ? undefined : value / baseline.value)
}

/** Whether a row meets its aim; undefined if it has none. */
function isMet(row: Row): boolean | undefined {
  if (row.aim === undefined) return undefined
  const found = row.aim.of === 'ratio' ? ratioOf(row) : row.value
  if (found === undefined) return undefined
  return 'least' in row.aim ? found >= row.aim.least : found <= row.aim.most
}

/** The row with its ratio and judgement, so that readers of the JSON need not work them out. */
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
