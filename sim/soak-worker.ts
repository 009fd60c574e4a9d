import { parentPort } from 'node:worker_threads'
import { readScenario } from './files.ts'
import { run } from './run/run.ts'
import type { Scenario } from './scenario/scenario.ts'
import type { Done, Job } from './soak.ts'

// Stacks cost time, and those of expected errors are not read.
Error.stackTraceLimit = 0

/** Scenarios that have been read, by name. */
const scenarios = new Map<string, Scenario>()

/** Plays one run; a run that throws counts as a violation. */
async function play({ scenario, seed }: Job): Promise<Done> {
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
      violations: [`the simulator failed: ${what}`],
      stats: undefined,
      wallMs: performance.now() - started,
    }
  }
}

parentPort?.on('message', (job: Job) => {
  play(job).then((done) => parentPort?.postMessage(done))
})
