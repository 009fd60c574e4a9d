import type { Cid } from '../src/core/cid.ts'
import { bareServer, singleCommits } from './baselines.ts'
import { median, percentile } from './figures.ts'
import { type Ask, Load } from './load-client.ts'
import { amount, type Options } from './options.ts'
import { inTurns, processorRow, type Report } from './report.ts'
import { multipartAsk, publishAsk, sampleDraft, sampleText, verifyStored } from './samples.ts'
import { type GroveProcess, since, type Workbench } from './workbench.ts'

const CONNECTIONS = 16
/** Publishes a second that are aimed at. */
const RATE_MIN = 5_000
const WARM_UP = 2_000
const ARTIFACT_CHARS = 1_024
const COMMITS = 2_000

/** One repetition: each side, in publishes (or answers, or commits) a second. */
interface Round {
  readonly json: number
  readonly jsonP99Ms: number
  readonly multipart: number
  readonly bare: number
  readonly bareMultipart: number
  readonly commits: number
  /** Processor time of one JSON publish, in µs: the grove's, and that of the process which asks. */
  readonly processor: number | undefined
  readonly loadProcessor: number
}

/** Durable publishes a second over HTTP, beside a server that does nothing and a database that is asked for each alone. */
export async function benchPublish(bench: Workbench, options: Options): Promise<Report> {
  const count = amount(options.count, 10_000, options.quick)
  const load = new Load(bench)
  const bare = await bareServer(bench)
  const rounds: Round[] = []
  for (let turn = 0; turn < options.repeat; turn++)
    rounds.push(await round(bench, load, bare, count))
  const echoing = 'answers of a node:http server that only echoes'
  const commits = {
    what: 'SQLite transactions of one row, synchronous = FULL, one by one',
    value: (each: Round) => each.commits,
  }
  const json = { figure: 'publishes, JSON', unit: '/s' }
  const multipart = { figure: 'publishes with a 1 KiB artifact, multipart', unit: '/s' }
  return {
    bench: 'publish',
    how: [
      `${count} publishes a repetition over ${CONNECTIONS} connections, each acknowledged when it is durable; median of ${options.repeat}.`,
      'The grove is then killed (SIGKILL) and its directory read: it held all that was acknowledged, and nothing else.',
    ],
    rows: [
      inTurns(rounds, { ...json, aim: { least: RATE_MIN } }, (each) => each.json, {
        what: echoing,
        value: (each) => each.bare,
      }),
      inTurns(rounds, json, (each) => each.json, commits),
      {
        figure: 'publish, JSON, 99 %',
        unit: 'ms',
        value: median(rounds.map((each) => each.jsonP99Ms)),
      },
      ...processorRow(
        rounds,
        { figure: 'processor time of a publish, JSON', unit: 'µs' },
        (each) => each.processor,
        {
          what: 'processor time of the load process for it',
          value: (each) => each.loadProcessor,
        },
      ),
      inTurns(rounds, multipart, (each) => each.multipart, {
        what: echoing,
        value: (each) => each.bareMultipart,
      }),
      inTurns(rounds, multipart, (each) => each.multipart, commits),
    ],
  }
}

async function round(bench: Workbench, load: Load, bare: string, count: number): Promise<Round> {
  const dir = bench.path('publish')
  const grove = await bench.serve(dir, '--sync', 'off')
  const cids: Cid[] = []
  const warmUp = Math.min(WARM_UP, count)
  let number = 0
  const drafts = (many: number) => Array.from({ length: many }, () => sampleDraft(number++))
  const json = (many: number) => drafts(many).map(publishAsk)
  const multipart = (many: number) =>
    drafts(many).map((draft) =>
      multipartAsk(draft, 'notes.txt', sampleText(number++, ARTIFACT_CHARS)),
    )

  await load.requests(bare, CONNECTIONS, json(warmUp))
  await published(load, grove, json(warmUp), cids)
  const jsonAsks = json(count)
  const before = grove.processorTime()
  const jsonResult = await published(load, grove, jsonAsks, cids)
  const processor = since(before, grove.processorTime())
  const bareResult = await load.requests(bare, CONNECTIONS, jsonAsks)
  const commits = singleCommits(
    bench.path('commits.db'),
    jsonAsks.slice(0, COMMITS).map(({ body = '' }) => body),
  )
  await published(load, grove, multipart(warmUp), cids)
  const multipartAsks = multipart(count)
  const multipartResult = await published(load, grove, multipartAsks, cids)
  const bareMultipart = await load.requests(bare, CONNECTIONS, multipartAsks)
  await grove.kill()
  await verifyStored(dir, cids)
  return {
    json: count / jsonResult.seconds,
    jsonP99Ms: percentile(jsonResult.latenciesMs, 99),
    multipart: count / multipartResult.seconds,
    bare: count / bareResult.seconds,
    bareMultipart: count / bareMultipart.seconds,
    commits,
    processor: processor === undefined ? undefined : (processor * 1e6) / count,
    loadProcessor: (jsonResult.processor * 1e6) / count,
  }
}

/** Publishes all, and notes the cids that were acknowledged. */
async function published(load: Load, grove: GroveProcess, asks: readonly Ask[], cids: Cid[]) {
  const result = await load.requests(grove.url, CONNECTIONS, asks)
  for (const answer of result.answers) cids.push((JSON.parse(answer) as { cid: Cid }).cid)
  return result
}
