import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { run } from './run.ts'
import { readScenario, scenarioNames } from './scenario.ts'

/**
 * Explains one run as a conversation: `npm run sim -- --scenario S --seed N`. `--list` names the scenarios; `--file F` plays one
 * that lies elsewhere; `--quiet` leaves the conversation out. Ends with 1 if anything went against the rules.
 */
const { values } = parseArgs({
  options: {
    scenario: { type: 'string', default: 'calm' },
    file: { type: 'string' },
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

async function explain(): Promise<string> {
  const { file } = values
  const scenario =
    file === undefined ? readScenario(values.scenario) : readScenario(file.replace(/\.json$/, ''), join(process.cwd()))
  const { violations, stats, traceHash, transcript } = await run(scenario, Number(values.seed), {
    explain: !values.quiet,
  })
  process.exitCode = violations.length > 0 ? 1 : 0
  const { virtualMs, requests, bytes, contributions, faults, rounds, outcomes } = stats
  const summary = [
    `${scenario.name}, seed ${values.seed}: ${scenario.about}`,
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
