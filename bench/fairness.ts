import { Agent, get } from 'node:http'
import { startBareServer } from './lab/baselines.ts'
import type { Benchmark } from './lab/benchmark.ts'
import { fillGrove } from './lab/directory.ts'
import { median } from './lab/figures.ts'
import { startFlood } from './lab/flood.ts'
import { besideGreedyPeer } from './lab/greedy.ts'
import type { Row } from './lab/report.ts'
import { sampleDraft } from './lab/samples.ts'
import type { Workbench } from './lab/workbench.ts'

const CROWD = '127.0.0.1'
const POLITE = '127.0.0.2'
const ASKED = '/api/frontier'
/** Ms that the polite caller is meant to wait at most, at the median. */
const WAIT_MAX_MS = 20
const SAMPLES = 40
const QUICK_SAMPLES = 5
/** A caller that waits longer than this gives up, and that is its time. */
const GIVE_UP_MS = 30_000

interface Crowd {
  readonly what: string
  readonly connections: number
  readonly paths: readonly string[]
}

const CHEAP: Crowd = {
  what: '200 connections, cheap: one contribution each',
  connections: 200,
  paths: ['/api/contributions?limit=1', '/api/grove'],
}

const crowds: readonly Crowd[] = [
  CHEAP,
  {
    what: '200 connections, dear: search for a word of all',
    connections: 200,
    paths: ['/api/search?q=trial&limit=1'],
  },
  {
    what: '20 connections, dear: frontier by two tags',
    connections: 20,
    paths: ['/api/frontier?tags=bench,series-3', '/api/frontier?tags=bench,series-5'],
  },
]

/** Its baseline is the same caller beside the same load on a server that only answers 503. */
export const benchmark: Benchmark = {
  about: 'what one polite caller waits beside hundreds of connections of another host',
  scale: { option: 'count', of: 'contributions', usual: 50_000 },
  takes: '3 min',
  async run(bench, { amount, quick, repeat }) {
    const dir = bench.path('fairness')
    await fillGrove(dir, amount, (number) => ({ draft: sampleDraft(number) }))
    const grove = await bench.serve(dir, '--sync', 'off')
    const samples = quick ? QUICK_SAMPLES : SAMPLES
    const alone = await waits(grove.url, samples)
    const bare = await startBareServer(bench)
    const rows: Row[] = [{ figure: 'GET /api/frontier, alone, median', unit: 'ms', value: alone }]
    for (const crowd of crowds) rows.push(await beside(bench, grove.url, bare, { crowd, samples }))
    await grove.stop()
    rows.push(...(await besideGreedyPeer(bench, { quick, repeat })))
    return {
      how: [
        `The grove holds ${amount.toLocaleString('en')} contributions. The crowd asks from`,
        `${CROWD} again as soon as it is answered, the polite caller from ${POLITE}. The peers sign`,
        'what they ask of a grove in `signed`: nine of them 10 times a second, the greedy one 500.',
      ],
      rows,
    }
  },
}

async function beside(
  bench: Workbench,
  url: string,
  bare: string,
  { crowd, samples }: { readonly crowd: Crowd; readonly samples: number },
): Promise<Row> {
  const { what, connections, paths } = crowd
  const timed = async (origin: string) => {
    const flood = await startFlood(bench, { origin, connections, paths, localAddress: CROWD })
    const waited = await waits(url, samples)
    await flood.stop()
    return waited
  }
  const baseline = {
    what: 'the same load sent to a server that refuses it',
    value: await timed(bare),
  }
  const value = await timed(url)
  return {
    figure: `the same beside ${what}, median`,
    unit: 'ms',
    value,
    baseline,
    aim: { most: WAIT_MAX_MS },
  }
}

/** The median wait of a caller that asks one thing after another, in ms. */
async function waits(url: string, samples: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const found: number[] = []
  for (let sample = 0; sample < samples; sample++) {
    found.push(await waitOf(url, agent))
    if (found.at(-1) === GIVE_UP_MS) break
  }
  agent.destroy()
  return median(found)
}

function waitOf(url: string, agent: Agent): Promise<number> {
  const begun = performance.now()
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(GIVE_UP_MS)
    const outgoing = get(url + ASKED, { agent, localAddress: POLITE, signal }, (incoming) => {
      incoming.resume().once('end', () => resolve(performance.now() - begun))
    })
    outgoing.once('error', () => resolve(GIVE_UP_MS))
  })
}
