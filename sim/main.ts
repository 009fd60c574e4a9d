import { parseArgs } from 'node:util'
import { command, numberOf, UsageError } from './command.ts'
import { readRegression, readScenario, regressionNames, scenarioNames } from './files.ts'
import { checkPins } from './pins.ts'
import { run } from './run/run.ts'
import type { Scenario } from './scenario/scenario.ts'

const USAGE = `usage: sim [--scenario NAME|FILE.json] [--seed N] [--quiet]
       sim --regression NAME [--quiet]
       sim --list
       sim --check-pins

Plays one run and prints it as a conversation. Ends with 1 if a check failed.

  --scenario NAME|FILE.json  what to play (calm)
  --seed N                   the seed, which with the scenario decides everything (1)
  --regression NAME          plays a pinned run, with a scenario and a seed of its own
  --quiet                    leaves the conversation out
  --list                     lists the scenarios and the pinned runs
  --check-pins               plays each pinned run on code without its fix: it has to fail
`

interface Options {
  readonly scenario: string
  readonly seed: number
  readonly regression: string | undefined
  readonly isQuiet: boolean
}

function list(): string {
  const scenarios = scenarioNames().map((name) => [name, readScenario(name).about])
  const pinned = regressionNames().map((name) => [name, readRegression(name).found])
  const lines = (rows: string[][]) =>
    rows.map(([name = '', about = '']) => `  ${name.padEnd(22)} ${about}\n`).join('')
  return [
    `scenarios, for --scenario\n${lines(scenarios)}`,
    `pinned runs, for --regression\n${lines(pinned)}`,
  ].join('\n')
}

function chosen({ scenario, seed, regression }: Options): {
  readonly scenario: Scenario
  readonly seed: number
} {
  return regression === undefined
    ? { scenario: readScenario(scenario), seed }
    : readRegression(regression)
}

async function play(options: Options): Promise<string> {
  const { scenario, seed } = chosen(options)
  const { violations, stats, traceHash, transcript } = await run(scenario, seed, {
    explain: !options.isQuiet,
  })
  process.exitCode = violations.length > 0 ? 1 : 0
  const { virtualMs, requests, bytes, contributions, faults, rounds, late, outcomes } = stats
  const summary = [
    `${scenario.name}, seed ${seed}: ${scenario.about}`,
    [
      `${(virtualMs / 1_000).toFixed(0)} s of virtual time`,
      `${requests} requests`,
      `${bytes} bytes`,
      `${contributions} contributions`,
      `${faults} faults`,
    ].join(', '),
    rounds < 0 ? 'no agreement' : `agreement ${rounds} round(s) after the last fault`,
    late === 0
      ? 'nothing was late'
      : `something was missing ${late.toFixed(1)} rounds after it came`,
    `agents: ${Object.entries(outcomes)
      .map(([what, times]) => `${what} ${times}`)
      .join(', ')}`,
    `trace ${traceHash}`,
    violations.length === 0 ? 'all checks hold' : `${violations.length} VIOLATIONS`,
    ...violations.map((what) => `  ${what}`),
  ]
  return [...transcript, ...(options.isQuiet ? [] : ['']), ...summary, ''].join('\n')
}

async function check(): Promise<void> {
  const stale = await checkPins((text) => process.stdout.write(text))
  process.stdout.write(stale === 0 ? 'no pinned run is stale\n' : `${stale} STALE\n`)
  process.exitCode = stale === 0 ? 0 : 1
}

await command(USAGE, async () => {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  const { values } = parseArgs({
    options: {
      scenario: text,
      seed: text,
      regression: text,
      quiet: flag,
      list: flag,
      'check-pins': flag,
      help: { ...flag, short: 'h' },
    },
  })
  const { scenario, regression, quiet: isQuiet } = values
  if (regression !== undefined && (scenario ?? values.seed) !== undefined)
    throw new UsageError('--regression has a scenario and a seed of its own')
  const options = {
    scenario: scenario ?? 'calm',
    seed: numberOf(values.seed, 'seed') ?? 1,
    regression,
    isQuiet,
  }
  if (values['check-pins'] && !values.help) return check()
  process.stdout.write(values.help ? USAGE : values.list ? list() : await play(options))
})
