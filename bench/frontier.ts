import type { Cid } from '../src/core/cid.ts'
import type { Draft, Relation } from '../src/core/contribution/schema.ts'
import { median, percentile } from './figures.ts'
import { type Ask, Load } from './load-client.ts'
import { amount, type Options } from './options.ts'
import type { Report } from './report.ts'
import { fillGrove, publishAsk, type Sample, sampleDraft } from './samples.ts'
import type { Workbench } from './workbench.ts'

const READS = 300
const WARM_UP = 100
const FRONTIER: Ask = { method: 'GET', path: '/api/frontier' }
const HEALTH: Ask = { method: 'GET', path: '/healthz' }

/** Times in ms, of all repetitions. */
interface Times {
  readonly frontier: number[]
  readonly health: number[]
}

/** How long a frontier takes right after a publish, and whether that grows with the graph. */
export async function benchFrontier(bench: Workbench, options: Options): Promise<Report> {
  const large = amount(options.count, 100_000, options.quick)
  const small = Math.max(1, Math.round(large / 10))
  const load = new Load(bench)
  const inSmall = await measure(bench, load, small, options)
  const inLarge = await measure(bench, load, large, options)
  const row = (size: number, { frontier, health }: Times) => ({
    figure: `frontier after a publish, ${size} held, median`,
    unit: 'ms',
    value: median(frontier),
    beside: {
      what: 'GET /healthz on the same connection: what any request costs',
      value: median(health),
    },
    aim: { most: 5 },
  })
  return {
    bench: 'frontier',
    how: [
      `On one connection: publish, GET /api/frontier, GET /healthz; ${readsOf(options)} times in each of ${options.repeat} repetitions.`,
      'The graph was filled through the stores: five metrics; a tenth of it reviews, reproduces or adopts.',
    ],
    rows: [
      row(small, inSmall),
      {
        figure: `frontier after a publish, ${small} held, 99 %`,
        unit: 'ms',
        value: percentile(inSmall.frontier, 99),
      },
      row(large, inLarge),
      {
        figure: `frontier after a publish, ${large} held, 99 %`,
        unit: 'ms',
        value: percentile(inLarge.frontier, 99),
      },
      {
        figure: 'flat in size: median of the larger graph',
        unit: 'ms',
        value: median(inLarge.frontier),
        beside: { what: `median with ${small} held`, value: median(inSmall.frontier) },
        aim: { most: 1.3, of: 'ratio' },
      },
    ],
  }
}

const readsOf = ({ quick }: Options) => (quick ? 20 : READS)

async function measure(
  bench: Workbench,
  load: Load,
  size: number,
  options: Options,
): Promise<Times> {
  const dir = bench.path('frontier')
  await fillGrove(dir, size, related)
  const grove = await bench.serve(dir, '--sync', 'off')
  let number = size
  const sequence = (times: number) =>
    Array.from({ length: times }, () => [publishAsk(scored(number++)), FRONTIER, HEALTH]).flat()
  const ask = async (times: number) => {
    const asks = sequence(times)
    const result = await load.requests(grove.url, 1, asks)
    const timesOf = (path: string) => result.latenciesMs.filter((_, at) => asks[at]?.path === path)
    return { frontier: timesOf(FRONTIER.path), health: timesOf(HEALTH.path) }
  }
  await ask(options.quick ? 5 : WARM_UP)
  const rounds: Times[] = []
  for (let turn = 0; turn < options.repeat; turn++) rounds.push(await ask(readsOf(options)))
  await grove.stop()
  return {
    frontier: rounds.flatMap((each) => each.frontier),
    health: rounds.flatMap((each) => each.health),
  }
}

/** A score on one of five metrics. */
function scored(number: number): Draft {
  return sampleDraft(number, `metric-${number % 5}`)
}

const said: readonly [Draft['kind'], Relation['relationType']][] = [
  ['review', 'reviews'],
  ['reproduction', 'reproduces'],
  ['adoption', 'adopts'],
]
const quality: NonNullable<Draft['scores']> = { quality: { value: 7, direction: 'maximize' } }

/** One of a graph of which each tenth says something of the one before it. */
function related(number: number, before: readonly Cid[]): Sample {
  const targetCid = before.at(-1)
  if (number % 10 !== 9 || targetCid === undefined) return { draft: scored(number) }
  const [kind, relationType] = said[Math.floor(number / 10) % said.length]!
  return {
    draft: {
      ...scored(number),
      scores: kind === 'review' ? quality : {},
      kind,
      relations: [{ targetCid, relationType }],
    },
  }
}
