/** Measures what Grove is meant to be fast at: `npm run -s bench -- --help`. */
import { benchmark as artifact } from './artifact.ts'
import { benchmark as events } from './events.ts'
import { benchmark as fairness } from './fairness.ts'
import { benchmark as fetch } from './fetch.ts'
import { benchmark as frontier } from './frontier.ts'
import { benchmark as hostile } from './hostile.ts'
import type { Benchmark } from './lab/benchmark.ts'
import { readCommand, usageOf } from './lab/command-line.ts'
import { describe, observed } from './lab/report.ts'
import { Workbench } from './lab/workbench.ts'
import { benchmark as latency } from './latency.ts'
import { benchmark as load } from './load.ts'
import { benchmark as origins } from './origins.ts'
import { benchmark as publish } from './publish.ts'
import { benchmark as stalls } from './stalls.ts'

const benchmarks: Readonly<Record<string, Benchmark>> = {
  publish,
  origins,
  frontier,
  fetch,
  artifact,
  latency,
  events,
  fairness,
  load,
  stalls,
  hostile,
}

async function main(args: readonly string[]): Promise<void> {
  const command = readCommand(args, benchmarks)
  if (command === undefined) return void process.stdout.write(usageOf(benchmarks))
  const { runs, dir, json } = command
  await using bench = await Workbench.open(dir)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      bench.abandon()
      process.exit(1)
    })
  }
  const reports = []
  for (const { name, options } of runs) {
    const report = await observed(name, () => benchmarks[name]!.run(bench, options))
    reports.push(report)
    if (!json) console.log(describe(report))
  }
  if (json) console.log(JSON.stringify(runs.length === 1 ? reports[0] : { reports }, undefined, 2))
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
