import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { command, numberOf, UsageError } from './command.ts'
import { readScenario, scenarioNames } from './files.ts'
import type { RunStats } from './run/run.ts'
import { table } from './table.ts'

const USAGE = `usage: sim:soak [--seeds N] [--from N] [--scenario NAME|FILE.json] [--minutes M]
                [--json]

Plays many seeds on all cores, one run a seed, and prints a row for each scenario. It names each
seed in which a check failed, and then ends with 1.

  --seeds N                  how many seeds (1,000)
  --from N                   the first seed (1)
  --scenario NAME|FILE.json  plays this one with every seed, instead of all in turn
  --minutes M                begins no new run after this time
  --json                     prints one JSON document instead of the table
`

export interface Job {
  readonly scenario: string
  readonly seed: number
}

export interface Done extends Job {
  readonly violations: readonly string[]
  /** Undefined if the run threw. */
  readonly stats: RunStats | undefined
  readonly wallMs: number
}

/** The sums over all runs of one scenario. */
interface Row {
  readonly scenario: string
  seeds: number
  virtualHours: number
  messages: number
  contributions: number
  faults: number
  rounds: number
  /** One a run: `RunStats.late`. */
  readonly lates: number[]
  violations: number
  wallMs: number
}

/** What almost all runs keep below. */
const ALMOST_ALL = 0.999

const PROGRESS_MS = 5_000
const REASONS_SHOWN = 3

function* jobs(
  names: readonly string[],
  from: number,
  seeds: number,
): Generator<Job, void, undefined> {
  for (let seed = from; seed < from + seeds; seed++)
    yield { scenario: names[seed % names.length]!, seed }
}

/** Plays the queue on all cores and hands each result to `onDone`. No run begins once `isOver`. */
function playAll(
  queue: Iterator<Job>,
  isOver: () => boolean,
  onDone: (done: Done) => void,
): Promise<unknown> {
  const work = () =>
    new Promise<void>((resolve, reject) => {
      const worker = new Worker(new URL('./soak-worker.ts', import.meta.url))
      const next = () => {
        const job = isOver() ? undefined : queue.next().value
        if (job === undefined) worker.terminate().then(() => resolve(), reject)
        else worker.postMessage(job)
      }
      worker.on('error', reject)
      worker.on('message', (done: Done) => {
        onDone(done)
        next()
      })
      next()
    })
  return Promise.all(Array.from({ length: availableParallelism() }, work))
}

function add(row: Row, { stats, violations, wallMs }: Done): void {
  row.seeds += 1
  row.wallMs += wallMs
  if (violations.length > 0) row.violations += 1
  if (stats === undefined) return
  row.virtualHours += stats.virtualMs / 3_600_000
  row.messages += stats.requests
  row.contributions += stats.contributions
  row.faults += stats.faults
  row.rounds = Math.max(row.rounds, stats.rounds)
  row.lates.push(stats.late)
}

/** The least value that so great a share of the values does not exceed. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.ceil(share * sorted.length) - 1] ?? 0
}

const emptyRow = (scenario: string): Row => ({
  scenario,
  seeds: 0,
  virtualHours: 0,
  messages: 0,
  contributions: 0,
  faults: 0,
  rounds: 0,
  lates: [],
  violations: 0,
  wallMs: 0,
})

function print(rows: readonly Row[], wallSeconds: number): string {
  const total = rows.reduce((sum, row) => {
    for (const key of [
      'seeds',
      'virtualHours',
      'messages',
      'contributions',
      'faults',
      'violations',
      'wallMs',
    ] as const)
      sum[key] += row[key]
    sum.rounds = Math.max(sum.rounds, row.rounds)
    sum.lates.push(...row.lates)
    return sum
  }, emptyRow('all'))
  const cells = ({
    scenario,
    seeds,
    virtualHours,
    messages,
    contributions,
    faults,
    rounds,
    lates,
    violations,
    wallMs,
  }: Row) => [
    scenario,
    `${seeds}`,
    virtualHours.toFixed(1),
    `${messages}`,
    `${contributions}`,
    `${faults}`,
    `${rounds}`,
    quantile(lates, ALMOST_ALL).toFixed(1),
    quantile(lates, 1).toFixed(1),
    `${violations}`,
    (seeds / ((scenario === 'all' ? wallSeconds * 1_000 : wallMs) / 1_000)).toFixed(1),
  ]
  const head = [
    'scenario',
    'seeds',
    'virtual h',
    'messages',
    'contributions',
    'faults',
    'rounds',
    'late 99.9 %',
    'late',
    'failed',
    'seeds/s',
  ]
  return table([head, ...[...rows, total].map(cells)])
}

interface Options {
  readonly names: readonly string[]
  readonly seeds: number
  readonly from: number
  readonly minutes: number
  readonly json: boolean
}

/** The command line; undefined if it asks for help. Throws `UsageError`. */
function options(): Options | undefined {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  const { values } = parseArgs({
    options: {
      seeds: text,
      from: text,
      minutes: text,
      scenario: text,
      json: flag,
      help: { ...flag, short: 'h' },
    },
  })
  if (values.help) return undefined
  const names = values.scenario === undefined ? scenarioNames() : [values.scenario]
  for (const name of names) readScenario(name)
  return {
    names,
    seeds: numberOf(values.seeds, 'seeds', { least: 1 }) ?? 1_000,
    from: numberOf(values.from, 'from') ?? 1,
    minutes: numberOf(values.minutes, 'minutes', { whole: false }) ?? Number.POSITIVE_INFINITY,
    json: values.json,
  }
}

async function soak({ names, seeds, from, minutes, json }: Options): Promise<void> {
  const rows = new Map(names.map((name) => [name, emptyRow(name)]))
  const failures: Done[] = []
  const started = performance.now()
  const until = started + minutes * 60_000
  let shownAt = started
  let count = 0
  const queue = jobs(names, from, seeds)
  await playAll(
    queue,
    () => performance.now() > until,
    (done) => {
      count += 1
      add(rows.get(done.scenario)!, done)
      if (done.violations.length > 0) failures.push(done)
      if (!process.stderr.isTTY || performance.now() - shownAt < PROGRESS_MS) return
      shownAt = performance.now()
      process.stderr.write(`\r${count} seeds, ${failures.length} failed`)
    },
  )
  const seconds = (performance.now() - started) / 1_000
  const used = [...rows.values()].filter(({ seeds }) => seeds > 0)
  failures.sort((a, b) => a.seed - b.seed)
  if (count === 0) throw new UsageError('no run began in that time')
  const failed = failures.length
  const texts = json
    ? [
        JSON.stringify({
          seeds: count,
          seconds,
          failed,
          rows: used.map(plain),
          failures: brief(failures),
        }),
      ]
    : [
        print(used, seconds),
        `${count} seeds in ${seconds.toFixed(0)} s, ${failed} failed`,
        ...describeFailures(failures),
      ]
  process.stdout.write(`${texts.join('\n')}\n`)
  process.exitCode = failures.length > 0 ? 1 : 0
}

function plain({ lates, ...row }: Row) {
  return { ...row, lateAlmostAll: quantile(lates, ALMOST_ALL), late: quantile(lates, 1) }
}

function brief(failures: readonly Done[]): Pick<Done, 'scenario' | 'seed' | 'violations'>[] {
  return failures.map(({ scenario, seed, violations }) => ({ scenario, seed, violations }))
}

function describeFailures(failures: readonly Done[]): string[] {
  return failures.flatMap(({ scenario, seed, violations }) => [
    `FAILED: npm run sim -- --scenario ${scenario} --seed ${seed}`,
    ...violations.slice(0, REASONS_SHOWN).map((what) => `    ${what}`),
  ])
}

if (import.meta.main)
  await command(USAGE, async () => {
    const asked = options()
    if (asked === undefined) process.stdout.write(USAGE)
    else await soak(asked)
  })
