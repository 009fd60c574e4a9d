import { parentPort } from 'node:worker_threads'
import { readScenario } from './files.ts'
import { run } from './run/run.ts'
import type { Scenario } from './scenario/scenario.ts'
import type { Done, Order } from './soak.ts'

// Stacks cost time, and nobody reads those of errors that are expected.
Error.stackTraceLimit = 0

/** Plays what it is told to play, one run at a time. */
const scenarios = new Map<string, Scenario>()

async function play({ scenario, seed }: Order): Promise<Done> {
  const started = performance.now()
  const read = scenarios.get(scenario) ?? readScenario(scenario)
  scenarios.set(scenario, read)
  try {
    const { violations, stats } = await run(read, seed)
    return { scenario, seed, violations, stats, wallMs: performance.now() - started }
  } catch (error) {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return {
      scenario,
      seed,
      violations: [`the simulator fails: ${what}`],
      stats: undefined,
      wallMs: performance.now() - started,
    }
  }
}

parentPort?.on('message', (order: Order) => {
  play(order).then((done) => parentPort?.postMessage(done))
})
