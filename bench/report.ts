import { availableParallelism, cpus, loadavg } from 'node:os'
import { layOut } from '../src/cli/table.ts'
import { readable } from './figures.ts'

/** A bound that a figure or a ratio is meant to keep. */
export type Aim = { readonly least: number } | { readonly most: number }

/** One measured figure, and what it is compared with: measured in the same run, in the same unit. */
export interface Row {
  readonly figure: string
  readonly unit: string
  readonly value: number
  readonly beside?: { readonly what: string; readonly value: number }
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

/** Runs a benchmark and notes the circumstances. */
export async function observed(run: () => Promise<Report>): Promise<Report & { circumstances: Circumstances }> {
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

/** Value over what it is beside. */
export function ratioOf({ value, beside }: Row): number | undefined {
  return beside === undefined ? undefined : value / beside.value
}

/** Whether a row keeps its aim; undefined where it has none. */
export function isMet(row: Row): boolean | undefined {
  if (row.aim === undefined) return undefined
  const found = row.aim.of === 'ratio' ? ratioOf(row) : row.value
  if (found === undefined) return undefined
  return 'least' in row.aim ? found >= row.aim.least : found <= row.aim.most
}

/** A report as people read it. */
export function describe({ bench, how, rows, circumstances }: Report & { circumstances: Circumstances }): string {
  const { node, cores, loadBefore, loadAfter, seconds } = circumstances
  const lines = layOut(columns, rows.map(cells), 200).map(({ text }) => `  ${text}`)
  const load = `load ${loadBefore.toFixed(1)} before, ${loadAfter.toFixed(1)} after`
  return [
    `${bench}`,
    ...how.map((sentence) => `  ${sentence}`),
    `  Node ${node}, ${cores} cores, ${load}, ${Math.round(seconds)} s in all`,
    '',
    ...lines,
    '',
  ].join('\n')
}

const columns = [
  { title: 'figure' },
  { title: 'grove', align: 'right' },
  { title: 'unit' },
  { title: 'beside', align: 'right' },
  { title: 'ratio', align: 'right' },
  { title: 'aim' },
  { title: '' },
  { title: 'beside is' },
] as const

function cells(row: Row): string[] {
  const ratio = ratioOf(row)
  const met = isMet(row)
  return [
    row.figure,
    readable(row.value),
    row.unit,
    row.beside === undefined ? '' : readable(row.beside.value),
    ratio === undefined ? '' : ratio.toPrecision(3),
    row.aim === undefined ? '' : aimText(row.aim),
    met === undefined ? '' : met ? 'met' : 'missed',
    row.beside?.what ?? '',
  ]
}

function aimText(aim: NonNullable<Row['aim']>): string {
  const bound = 'least' in aim ? `≥ ${readable(aim.least)}` : `≤ ${readable(aim.most)}`
  return aim.of === 'ratio' ? `ratio ${bound}` : bound
}

/** With ratio and judgement, so that readers of the JSON need not work them out. */
function judged(row: Row): Row {
  const [ratio, met] = [ratioOf(row), isMet(row)]
  return { ...row, ...(ratio === undefined ? {} : { ratio }), ...(met === undefined ? {} : { met }) }
}

function loadOfMinute(): number {
  return loadavg()[0] ?? Number.NaN
}
