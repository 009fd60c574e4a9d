import { request } from 'node:http'
import type { Benchmark } from './lab/benchmark.ts'
import { median } from './lab/figures.ts'
import { copyOf, type Grown, type Growth, grow, growOnce } from './lab/grown.ts'
import { hostiles } from './lab/hostile/messages.ts'
import type { Row } from './lab/report.ts'
import { Watchdog } from './lab/watchdog.ts'
import type { GroveProcess, Workbench } from './lab/workbench.ts'

/** The longest that anything may keep everybody waiting. */
const STALL_MAX_MS = 50
const TIMES = 5
/** How many times fewer the works of rich text are than the small ones. */
const RICH_SHARE = 20
const GIVE_UP_MS = 30_000
const MIB = 1024 * 1024

/** What one question or message did. */
interface Stall {
  readonly what: string
  /** Contributions held. */
  readonly n: number
  /** The longest that /healthz took meanwhile. */
  readonly stallMs: number
  /** The time of the question itself, the median. */
  readonly p50Ms: number
  /** The memory of the grove afterwards. */
  readonly rssMiB: number
  /** How late the watchdog's own timer was: by so much the machine itself stalled. */
  readonly lateMs: number
}

interface Question {
  readonly what: string
  readonly method?: 'GET' | 'POST'
  readonly path: string
  readonly json?: object
}

/** Its baseline is the watchdog's own lateness: what a busy machine costs anybody. */
export const benchmark: Benchmark = {
  about: 'how long a question or a hostile message keeps everybody else waiting',
  scale: { option: 'count', of: 'contributions', usual: 20_000 },
  takes: '2 min',
  async run(bench, { amount, quick, keep }) {
    const times = quick ? 1 : TIMES
    const small = await grown(bench, 'small', amount, keep)
    const rich = await grown(bench, 'rich', Math.max(1, Math.round(amount / RICH_SHARE)), keep)
    const target = await copyOf(rich, bench.path('attacked'))
    const stalls = [
      ...(await asked(bench, 'small', small, times)),
      ...(await asked(bench, 'rich', rich, times)),
      ...(await attacked(bench, target)),
    ]
    return {
      how: [
        `A grove with ${amount} small works and one with ${rich.count} of rich text in 200 metrics.`,
        'Another process asks for /healthz all the time: its longest wait is the figure.',
        'Each question is asked several times in turn, each hostile message is sent to a third grove.',
      ],
      rows: stalls.map(rowOf),
      records: stalls,
    }
  },
}

const rowOf = ({ what, n, stallMs, p50Ms, rssMiB, lateMs }: Stall): Row => ({
  figure: `${what}, ${n} held: ${p50Ms.toFixed(0)} ms, then ${rssMiB.toFixed(0)} MiB`,
  unit: 'ms',
  value: stallMs,
  baseline: { what: 'by how much the timer of the process that watches was late', value: lateMs },
  aim: { most: STALL_MAX_MS },
})

const grown = (bench: Workbench, growth: Growth, count: number, keep: string | undefined) =>
  keep === undefined ? grow(growth, bench.path(growth), count) : growOnce(keep, growth, count)

/** All there is to ask of a grove, one question after the other. */
async function asked(
  bench: Workbench,
  name: string,
  { dir, count, hub }: Grown,
  times: number,
): Promise<Stall[]> {
  const grove = await bench.serve(dir, '--sync', 'off')
  const watchdog = new Watchdog(bench, grove.url)
  const stalls: Stall[] = []
  for (const question of questionsAbout(hub)) {
    const what = `${name}: ${question.what}`
    stalls.push(
      await measured(grove, watchdog, { what, n: count, times }, () => ask(grove, question)),
    )
  }
  await watchdog.stop()
  await grove.stop()
  return stalls
}

/** Each hostile message, sent to one grove. */
async function attacked(bench: Workbench, { dir, count, hub }: Grown): Promise<Stall[]> {
  const grove = await bench.serve(dir, '--sync', 'off')
  const watchdog = new Watchdog(bench, grove.url)
  const stalls: Stall[] = []
  for (const { what, send } of hostiles) {
    const ended = new AbortController()
    const target = { url: grove.url, hub }
    const about = { what: `hostile: ${what}`, n: count, times: 1 }
    stalls.push(await measured(grove, watchdog, about, () => send(target, ended.signal, 0)))
    ended.abort()
  }
  await watchdog.stop()
  await grove.stop()
  return stalls
}

async function measured(
  grove: GroveProcess,
  watchdog: Watchdog,
  { what, n, times }: { readonly what: string; readonly n: number; readonly times: number },
  run: () => Promise<void>,
): Promise<Stall> {
  await watchdog.gaps()
  const tookMs: number[] = []
  for (let time = 0; time < times; time++) {
    const begun = performance.now()
    await run()
    tookMs.push(performance.now() - begun)
  }
  const { longestMs, lateMs } = await watchdog.gaps()
  const rssMiB = (grove.memoryBytes() ?? Number.NaN) / MIB
  return { what, n, stallMs: longestMs, p50Ms: median(tookMs), rssMiB, lateMs }
}

/** Asks and reads the whole answer; gives up after a while. */
function ask({ url }: GroveProcess, { method = 'GET', path, json }: Question): Promise<void> {
  return new Promise((resolve) => {
    const headers = json === undefined ? {} : { 'content-type': 'application/json' }
    const options = { method, headers, agent: false, timeout: GIVE_UP_MS }
    const outgoing = request(url + path, options, (incoming) => {
      if ((incoming.statusCode ?? 500) >= 400)
        process.stderr.write(`${path} answered ${incoming.statusCode}\n`)
      incoming.resume().once('close', resolve)
    })
    outgoing.once('timeout', () => outgoing.destroy())
    outgoing.once('error', () => resolve())
    outgoing.end(json === undefined ? undefined : JSON.stringify(json))
  })
}

const words = Array.from({ length: 10 }, (_, n) => `common${n * 10}`).join('+')

function questionsAbout(hub: string): Question[] {
  const get = (what: string, path: string): Question => ({ what, path })
  return [
    get('at rest', '/healthz'),
    get('frontier', '/api/frontier'),
    get('frontier, 1,000 each', '/api/frontier?limit=1000'),
    get('frontier of works', '/api/frontier?kind=work'),
    get('frontier by a tag of all', '/api/frontier?tags=bench'),
    get('frontier by a tag of most', '/api/frontier?tags=most'),
    get('frontier by two tags and kind', '/api/frontier?tags=most,series-7&kind=work'),
    get('frontier by tags that meet nowhere', '/api/frontier?tags=series-7,series-8'),
    get('frontier by agent', '/api/frontier?agentId=agent-3'),
    get('search, a word of all', '/api/search?q=trial'),
    get('search, ten words', `/api/search?q=${words}`),
    get('search, a prefix', '/api/search?q=wo*'),
    get('list', '/api/contributions?limit=1000'),
    get('list by a tag of most', '/api/contributions?tags=most&limit=1000'),
    get('list, a late page', '/api/contributions?limit=100&offset=10000'),
    get('children of the hub', `/api/dag/${hub}/children`),
    get('evidence about the hub', `/api/contributions/${hub}/evidence`),
    get('standing of the hub', `/api/contributions/${hub}/standing`),
    get('thread of the hub', `/api/threads/${hub}`),
    get('threads', '/api/threads'),
    get('best works by review', '/api/federation/best?dimension=_review_score&kinds=work'),
    get('best by a tag', '/api/federation/best?dimension=metric-1&tags=most&limit=1000'),
    {
      what: 'closure with evidence',
      method: 'POST',
      path: '/api/federation/closure',
      json: { cid: hub, ancestors: 64, evidence: true, replies: true },
    },
    {
      what: 'about the hub',
      method: 'POST',
      path: '/api/federation/about',
      json: { cids: [hub] },
    },
    get('the grove', '/api/grove'),
    get('figures', '/metrics'),
  ]
}
