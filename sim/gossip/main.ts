import { parseArgs } from 'node:util'
import { command, numberOf, UsageError } from '../command.ts'
import { flood } from './attacks/flood.ts'
import { proven } from './attacks/proven.ts'
import { idle, redundancy } from './cost.ts'
import { day } from './day.ts'
import { liveness } from './liveness.ts'
import { departure, recovery, type Setting, sampling } from './overlay.ts'
import { type Mode, spread } from './spread.ts'
import { type Row, tableOf } from './table.ts'

const USAGE = `usage: sim:gossip [--measure NAME] [--n GROVES] [--loss SHARE] [--churn SHARE]
                  [--hours H] [--proven] [--attackers SHARE] [--pace P] [--seed S] [--json]

Measures gossip among many groves. The measures are:

  spread      rounds until 99 % know a new best: by exchange, announced, and without relaying
  sampling    the overlay of the active views, beside a random graph
  recovery    half of the groves vanish at once
  departure   one grove dies
  flood       10, 20, 30 % attackers fill views, and pursue newcomers
  proven      10 to 40 % attackers, or --attackers, at a pace of 1 and of 20, or --pace, where
              groves sample proven peers (minutes)
  idle        bytes an exchange when nothing changes
  redundancy  what announcements cost
  liveness    false alarms, detection, return
  day         --hours (24) virtual hours, and the processor time they take

With --proven, views are filled with peers that have proven themselves, as in the modes signed and
members, and not by shuffles. Without --measure it measures spread. Unless they are given, spread
has 1,000 and then 10,000 groves, a loss of 20 %, and no churn and then 5 % a round.
`
const NO_RELAY_MAX_ROUNDS = 1_000
/** Without relay a larger network takes hours to simulate and never gets there. */
const NO_RELAY_MAX_GROVES = 2_000
const MAX_ROUNDS = 100

const overlays: Readonly<Record<string, (setting: Setting) => Row[]>> = {
  sampling,
  recovery,
  departure,
  flood: (setting) => flood(setting),
  idle,
  redundancy,
  liveness,
}
/** The loss that a measure is about where none is given. */
const usualLoss: Readonly<Record<string, number>> = { liveness: 0.05 }

interface Options {
  readonly n: number | undefined
  readonly loss: number | undefined
  readonly churn: number | undefined
  readonly seed: number
  readonly hours: number
  readonly view: 'cyclon' | 'proven'
  /** Of the measure proven: the share of attackers, and their pace. Default: all that it knows. */
  readonly attackers: number | undefined
  readonly pace: number | undefined
}

function* spreads({ n, loss = 0.2, churn, seed, view }: Options): Generator<Row> {
  for (const groves of n === undefined ? [1_000, 10_000] : [n]) {
    const row = (mode: Mode, share: number, lost = loss, maxRounds = MAX_ROUNDS) =>
      spread({ n: groves, seed, loss: lost, churn: share, mode, maxRounds, view })
    for (const share of churn === undefined ? [0, 0.05] : [churn]) {
      yield row('exchange', share)
      yield row('announce', share)
    }
    if (loss > 0) yield row('announce', 0, 0)
    // Grove 0.1, which never relays, proves nobody either.
    if (groves <= NO_RELAY_MAX_GROVES && view === 'cyclon')
      yield row('no relay', 0, loss, NO_RELAY_MAX_ROUNDS)
  }
}

function rowsOf(measure: string, options: Options): Iterable<Row> {
  if (measure === 'spread') return spreads(options)
  const { n = 1_000, loss = usualLoss[measure] ?? 0, seed, hours, view, attackers, pace } = options
  const setting = { n, loss, seed, view }
  const only = (value: number | undefined) => (value === undefined ? undefined : [value])
  if (measure === 'proven') return proven(setting, { shares: only(attackers), paces: only(pace) })
  if (measure === 'day') return day(setting, hours, () => process.cpuUsage().user / 1_000)
  const run = Object.hasOwn(overlays, measure) ? overlays[measure] : undefined
  if (run === undefined) throw new UsageError(`no measure is called ${JSON.stringify(measure)}`)
  return run(setting)
}

function parse(args: string[]): {
  measure: string
  json: boolean
  help: boolean
  options: Options
} {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  const { values } = parseArgs({
    args,
    options: {
      measure: text,
      n: text,
      loss: text,
      churn: text,
      seed: text,
      hours: text,
      proven: flag,
      attackers: text,
      pace: text,
      json: flag,
      help: { ...flag, short: 'h' },
    },
  })
  const share = { most: 1, whole: false }
  const options = {
    n: numberOf(values.n, 'n', { least: 2 }),
    loss: numberOf(values.loss, 'loss', share),
    churn: numberOf(values.churn, 'churn', share),
    seed: numberOf(values.seed, 'seed') ?? 1,
    hours: numberOf(values.hours, 'hours', { whole: false }) ?? 24,
    view: values.proven ? 'proven' : 'cyclon',
    attackers: numberOf(values.attackers, 'attackers', share),
    pace: numberOf(values.pace, 'pace', { least: 1 }),
  } as const
  return { measure: values.measure ?? 'spread', json: values.json, help: values.help, options }
}

await command(USAGE, () => {
  const { measure, json, help, options } = parse(process.argv.slice(2))
  if (help) process.stdout.write(USAGE)
  else {
    const rows = [...rowsOf(measure, options)]
    process.stdout.write(json ? `${JSON.stringify(rows, null, 1)}\n` : tableOf(rows))
  }
})
