/** Measures what Grove is meant to be fast at: `npm run -s bench -- --help`. */
import { benchFetch } from './fetch/fetch.ts'
import { benchFrontier } from './frontier.ts'
import { benchLatency } from './latency.ts'
import { type Name, type Options, readCommand, USAGE } from './options.ts'
import { benchPublish } from './publish.ts'
import { describe, observed, type Report } from './report.ts'
import { Workbench } from './workbench.ts'

const benches: Readonly<Record<Name, (bench: Workbench, options: Options) => Promise<Report>>> = {
  publish: benchPublish,
  frontier: benchFrontier,
  fetch: benchFetch,
  latency: benchLatency,
}

async function main(args: readonly string[]): Promise<void> {
  const command = readCommand(args)
  if (command === undefined) return console.log(USAGE)
  const { names, options, json } = command
  await using bench = await Workbench.open(options.dir)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      bench.abandon()
      process.exit(1)
    })
  }
  const reports = []
  for (const name of names) {
    const report = await observed(() => benches[name](bench, options))
    reports.push(report)
    if (!json) console.log(describe(report))
  }
  if (json) console.log(JSON.stringify(names.length === 1 ? reports[0] : { reports }, undefined, 2))
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
