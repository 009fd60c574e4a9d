import { parentPort, workerData } from 'node:worker_threads'
import { type Fault, type FuzzOptions, fuzzOne } from '../test/fuzz/lab/fuzz.ts'
import type { Reader, Target } from '../test/fuzz/lab/target.ts'
import { targets } from '../test/fuzz/targets/table.ts'

export interface Job extends FuzzOptions {
  readonly names: readonly string[]
  /** Inputs of each target. */
  readonly inputs: number
  readonly forMs: number
  /** Which target is at which input. */
  readonly progress: Int32Array
}

export interface Done {
  readonly found: readonly Omit<Fault, 'input'>[]
  /** How many inputs each target has had, and how long (ms) it took to make and read them. */
  readonly counts: readonly (readonly [name: string, inputs: number, ms: number])[]
}

/** How long a target is read before the next one is. */
const TURN_MS = 500

interface Run {
  readonly target: Target
  readonly index: number
  readonly reader: Reader
  next: number
  ms: number
  fault?: Fault
}

// Stacks cost time, and those of errors that are meant are not read.
Error.stackTraceLimit = 4

async function fuzzAll({ names, inputs, forMs, progress, ...options }: Job): Promise<Done> {
  const end = performance.now() + forMs
  const runs: Run[] = []
  for (const [index, name] of names.entries()) {
    const target = targets.find((each) => each.name === name)
    if (target !== undefined)
      runs.push({ target, index, reader: await target.open(), next: 0, ms: 0 })
  }
  const isOpen = (run: Run) => run.fault === undefined && run.next < inputs
  while (performance.now() < end && runs.some(isOpen)) {
    const run = runs.filter(isOpen).reduce((least, each) => (each.next < least.next ? each : least))
    const begun = performance.now()
    while (isOpen(run) && performance.now() < begun + TURN_MS) {
      progress[0] = run.index
      progress[1] = run.next
      const fault = await fuzzOne(run.target, run.reader, run.next++, options)
      if (fault !== undefined) run.fault = fault
    }
    run.ms += performance.now() - begun
  }
  for (const { reader } of runs) await reader.close?.()
  const found = runs.flatMap(({ fault }) => fault ?? [])
  return {
    found: found.map(({ target, number, what }) => ({ target, number, what })),
    counts: runs.map(({ target, next, ms }) => [target.name, next, ms]),
  }
}

parentPort?.postMessage(await fuzzAll(workerData as Job))
