import { parseArgs } from 'node:util'
import { run } from './run.ts'
import { readScenario, scenarioNames } from './scenario.ts'

/** Explains one run: `npm run sim -- --seed N --scenario S`. */
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    scenario: { type: 'string' },
    list: { type: 'boolean' },
    quiet: { type: 'boolean' },
  },
})
const name = values.scenario ?? 'calm'
if (values.list) for (const each of scenarioNames()) console.log(`${each}: ${readScenario(each).about}`)
else {
  const t = performance.now()
  const result = await run(readScenario(name), Number(values.seed), { explain: !values.quiet })
  for (const line of result.transcript) console.log(line)
  console.log(result.violations, result.stats, result.traceHash, performance.now() - t)
  process.exitCode = result.violations.length > 0 ? 1 : 0
}
