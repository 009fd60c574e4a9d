import { parseArgs } from 'node:util'
import { run } from './run.ts'
import { readRegression, readScenario, type Scenario, scenarioNames } from './scenario.ts'

/**
 * Explains one run as a conversation: `npm run sim -- --scenario S --seed N`. `--list` names the scenarios; `--regression R` plays
 * a pinned run; `--quiet` leaves the conversation out. Ends with 1 if anything went against the rules.
 */
const { values } = parseArgs({
  options: {
    scenario: { type: 'string', default: 'calm' },
    regression: { type: 'string' },
    seed: { type: 'string', default: '1' },
    list: { type: 'boolean', default: false },
    quiet: { type: 'boolean', default: false },
  },
})

function list(): string {
  return scenarioNames()
    .map((name) => `${name.padEnd(18)} ${readScenario(name).about}\n`)
    .join('')
}

function chosen(): { readonly scenario: Scenario; readonly seed: number } {
  if (values.regression !== undefined) return readRegression(values.regression)
  return { scenario: readScenario(values.scenario), seed: Number(values.seed) }
}

async function explain(): Promise<string> {
  const { scenario, seed } = chosen()
  const { violations, stats, traceHash, transcript } = await run(scenario, seed, { explain: !values.quiet })
  process.exitCode = violations.length > 0 ? 1 : 0
  const { virtualMs, requests, bytes, contributions, faults, rounds, outcomes } = stats
  const summary = [
    `${scenario.name}, seed ${seed}: ${scenario.about}`,
    `${(virtualMs / 1_000).toFixed(0)} s of virtual time, ${requests} requests, ${bytes} bytes, ${contributions} contributions, ${faults} faults`,
    rounds < 0 ? 'no agreement' : `agreement ${rounds} round(s) after the last fault`,
    `agents: ${Object.entries(outcomes)
      .map(([what, times]) => `${what} ${times}`)
      .join(', ')}`,
    `trace ${traceHash}`,
    violations.length === 0 ? 'all checks hold' : `${violations.length} VIOLATIONS`,
    ...violations.map((what) => `  ${what}`),
  ]
  return [...transcript, ...(values.quiet ? [] : ['']), ...summary, ''].join('\n')
}

process.stdout.write(values.list ? list() : await explain())
