import type { Report } from './report.ts'
import type { Workbench } from './workbench.ts'

/** One thing that is measured. Its name is its key in the table of main.ts. */
export interface Benchmark {
  /** What it measures, in a line. */
  readonly about: string
  readonly scale: Scale
  /** How long it takes on a quiet machine with two cores. */
  readonly takes: string
  run(bench: Workbench, options: RunOptions): Promise<Report>
}

/** What a benchmark is scaled by. */
export interface Scale {
  /** The option that sets it. */
  readonly option: 'count' | 'size'
  /** What it counts or sizes: `publishes`. */
  readonly of: string
  /** The amount unless it is asked otherwise; a quick run takes a hundredth of it. */
  readonly usual: number
}

export interface RunOptions {
  /** How much of what the benchmark is scaled by. */
  readonly amount: number
  /** Repetitions, of which the median counts. */
  readonly repeat: number
  /** Whether it is only to be seen that it runs. */
  readonly quick: boolean
  /** Where what is dear to fill stays for the next run; undefined if nothing is to stay. */
  readonly keep: string | undefined
  /** A part of the names of what is to be measured; undefined for all. */
  readonly way: string | undefined
}
