import type { Cid } from '../src/core/cid.ts'
import type { Draft, Relation } from '../src/core/contribution/schema.ts'
import type { Benchmark, RunOptions } from './lab/benchmark.ts'
import { fillGrove, type Sample } from './lab/directory.ts'
import { median, percentile } from './lab/figures.ts'
import { Load, type LoadRequest } from './lab/load.ts'
import type { Row } from './lab/report.ts'
import { publishRequest, sampleDraft } from './lab/samples.ts'
import type { Workbench } from './lab/workbench.ts'

const READS = 300
const WARM_UP = 100
const QUICK_READS = 20
const QUICK_WARM_UP = 5
const LATENCY_MAX_MS = 5
/** The most that the larger graph's median may be, in medians of the smaller one. */
const GROWTH_MAX = 1.3
const FRONTIER: LoadRequest = { method: 'GET', path: '/api/frontier' }
const HEALTH: LoadRequest = { method: 'GET', path: '/healthz' }

/** Its question is whether reading the frontier takes longer in a larger graph. */
export const benchmark: Benchmark = {
  about: 'GET /api/frontier right after a publish, in a graph and in a tenth of it',
  scale: { option: 'count', of: 'contributions', usual: 100_000 },
  takes: '40 s',
  async run(bench, options) {
    const large = options.amount
    const small = Math.max(1, Math.round(large / 10))
    const load = new Load(bench)
    const inSmall = await measure(bench, load, small, options)
    const inLarge = await measure(bench, load, large, options)
    const reads = options.quick ? QUICK_READS : READS
    return {
      how: [
        'On one connection, in turn: publish, GET /api/frontier, GET /healthz.',
        `${reads} times in each of ${options.repeat} repetitions.`,
        'The graph has five metrics, and a tenth of it reviews, reproduces or adopts.',
      ],
      rows: [
        ...rowsOf(small, inSmall),
        ...rowsOf(large, inLarge),
        {
          figure: 'flat in size: median of the larger graph',
          unit: 'ms',
          value: median(inLarge.frontier),
          baseline: { what: `median with ${small} held`, value: median(inSmall.frontier) },
          aim: { most: GROWTH_MAX, of: 'ratio' },
        },
      ],
    }
  },
}

/** Times in ms, of all repetitions. */
interface Times {
  readonly frontier: number[]
  readonly health: number[]
}

function rowsOf(size: number, { frontier, health }: Times): Row[] {
  const figure = `frontier after a publish, ${size} held`
  return [
    {
      figure: `${figure}, median`,
      unit: 'ms',
      value: median(frontier),
      baseline: {
        what: 'GET /healthz on the same connection: what any request costs',
        value: median(health),
      },
      aim: { most: LATENCY_MAX_MS },
    },
    { figure: `${figure}, 99 %`, unit: 'ms', value: percentile(frontier, 99) },
  ]
}

async function measure(
  bench: Workbench,
  load: Load,
  size: number,
  { repeat, quick }: RunOptions,
): Promise<Times> {
  const dir = bench.path('frontier')
  await fillGrove(dir, size, related)
  const grove = await bench.serve(dir, '--sync', 'off')
  let number = size
  const read = async (times: number): Promise<Times> => {
    const requests = Array.from({ length: times }, () => [
      publishRequest(scored(number++)),
      FRONTIER,
      HEALTH,
    ]).flat()
    const { latenciesMs } = await load.requests(grove.url, 1, requests)
    const timesOf = (path: string) => latenciesMs.filter((_, at) => requests[at]?.path === path)
    return { frontier: timesOf(FRONTIER.path), health: timesOf(HEALTH.path) }
  }
  await read(quick ? QUICK_WARM_UP : WARM_UP)
  const turns: Times[] = []
  for (let turn = 0; turn < repeat; turn++) turns.push(await read(quick ? QUICK_READS : READS))
  await grove.stop()
  return {
    frontier: turns.flatMap((turn) => turn.frontier),
    health: turns.flatMap((turn) => turn.health),
  }
}

/** A draft with a score in one of five metrics. */
function scored(number: number): Draft {
  return sampleDraft(number, `metric-${number % 5}`)
}

const evidence: readonly [Draft['kind'], Relation['relationType']][] = [
  ['review', 'reviews'],
  ['reproduction', 'reproduces'],
  ['adoption', 'adopts'],
]
const quality: NonNullable<Draft['scores']> = { quality: { value: 7, direction: 'maximize' } }

/** A sample of a graph in which every tenth is evidence about the one before it. */
function related(number: number, before: readonly Cid[]): Sample {
  const targetCid = before.at(-1)
  if (number % 10 !== 9 || targetCid === undefined) return { draft: scored(number) }
  const [kind, relationType] = evidence[Math.floor(number / 10) % evidence.length]!
  return {
    draft: {
      ...scored(number),
      scores: kind === 'review' ? quality : {},
      kind,
      relations: [{ targetCid, relationType }],
    },
  }
}
