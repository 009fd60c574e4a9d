import type { Cid } from '../src/core/cid.ts'
import { singleCommitRate, startBareServer } from './lab/baselines.ts'
import type { Benchmark, RunOptions } from './lab/benchmark.ts'
import { verifyStored } from './lab/directory.ts'
import { median, percentile } from './lab/figures.ts'
import { Load, type LoadRequest } from './lab/load.ts'
import { comparison, cpuComparison, type Report, repetitions } from './lab/report.ts'
import { multipartRequest, publishRequest, sampleDraft, sampleText } from './lab/samples.ts'
import { type GroveProcess, since, type Workbench } from './lab/workbench.ts'
import { prefilledRows } from './prefilled.ts'

const CONNECTIONS = 16
/** Publishes a second that are aimed at. */
const RATE_MIN = 5_000
const WARM_UP = 2_000
const ARTIFACT_CHARS = 1_024
const COMMITS = 2_000

/** Its baselines are a server that only echoes, and a database that commits each row alone. */
export const benchmark: Benchmark = {
  about: 'durable publishes over HTTP, without and with an artifact, and beside much that is held',
  scale: { option: 'count', of: 'publishes', usual: 10_000 },
  takes: '100 s',
  async run(bench, options) {
    const { amount, repeat } = options
    const load = new Load(bench)
    const bare = await startBareServer(bench)
    const turns: Turn[] = []
    for (let turn = 0; turn < repeat; turn++) turns.push(await oneTurn(bench, load, bare, amount))
    const { how, rows } = reportOf(turns, options)
    return { how, rows: [...rows, ...(await prefilledRows(bench, load, options))] }
  },
}

/** What one repetition measured. Rates are publishes, answers or commits a second. */
interface Turn {
  readonly json: number
  readonly jsonP99Ms: number
  readonly multipart: number
  readonly bare: number
  readonly bareMultipart: number
  readonly commits: number
  /** Processor time of one JSON publish: the grove's, and the load process's. */
  readonly groveCpuUs: number | undefined
  /** What the grove wrote to the disk for one JSON publish. */
  readonly writtenKb: number | undefined
  readonly loadCpuUs: number
}

function reportOf(
  turns: readonly Turn[],
  { amount, repeat }: Pick<RunOptions, 'amount' | 'repeat'>,
): Report {
  const echo = 'answers of a node:http server that only echoes'
  const commits = {
    what: 'SQLite transactions of one row, synchronous = FULL, one by one',
    value: (turn: Turn) => turn.commits,
  }
  const json = { figure: 'publishes, JSON', unit: '/s' }
  const multipart = { figure: 'publishes with a 1 KiB artifact, multipart', unit: '/s' }
  const p99Ms = median(turns.map(({ jsonP99Ms }) => jsonP99Ms))
  return {
    how: [
      `${amount} publishes over ${CONNECTIONS} connections, each acknowledged once it is durable.`,
      repetitions(repeat),
      'The grove was then killed (SIGKILL): its directory held what it had acknowledged, no more.',
      'Groves that hold much publish in turns with an empty one, a fifth of the amount on each.',
    ],
    rows: [
      comparison(turns, { ...json, aim: { least: RATE_MIN } }, (turn) => turn.json, {
        what: echo,
        value: (turn) => turn.bare,
      }),
      comparison(turns, json, (turn) => turn.json, commits),
      { figure: 'publish, JSON, 99 %', unit: 'ms', value: p99Ms },
      ...cpuComparison(
        turns,
        { figure: 'processor time of a publish, JSON', unit: 'µs' },
        (turn) => turn.groveCpuUs,
        { what: 'processor time of the load process for it', value: (turn) => turn.loadCpuUs },
      ),
      ...writtenRow(turns),
      comparison(turns, multipart, (turn) => turn.multipart, {
        what: echo,
        value: (turn) => turn.bareMultipart,
      }),
      comparison(turns, multipart, (turn) => turn.multipart, commits),
    ],
  }
}

/** None where the system doesn't tell. */
function writtenRow(turns: readonly Turn[]): Report['rows'] {
  const written = turns.flatMap(({ writtenKb }) => writtenKb ?? [])
  if (written.length === 0) return []
  const figure = 'written to the disk for a publish, JSON'
  return [{ figure, unit: 'KB', value: median(written) }]
}

async function oneTurn(bench: Workbench, load: Load, bare: string, count: number): Promise<Turn> {
  const dir = bench.path('publish')
  const grove = await bench.serve(dir, '--sync', 'off')
  const cids: Cid[] = []
  const warmUp = Math.min(WARM_UP, count)
  const { json, multipart } = requestMaker()

  await load.requests(bare, CONNECTIONS, json(warmUp))
  await publishAll(load, grove, json(warmUp), cids)
  const jsonRequests = json(count)
  const cpuBefore = grove.cpuSeconds()
  const writtenBefore = grove.writtenBytes()
  const jsonResult = await publishAll(load, grove, jsonRequests, cids)
  const groveCpu = since(cpuBefore, grove.cpuSeconds())
  const written = since(writtenBefore, grove.writtenBytes())
  const bareResult = await load.requests(bare, CONNECTIONS, jsonRequests)
  const rows = jsonRequests.slice(0, COMMITS).map(({ body = '' }) => body)
  const commits = singleCommitRate(bench.path('commits.db'), rows)
  await publishAll(load, grove, multipart(warmUp), cids)
  const multipartRequests = multipart(count)
  const multipartResult = await publishAll(load, grove, multipartRequests, cids)
  const bareMultipart = await load.requests(bare, CONNECTIONS, multipartRequests)
  await grove.kill()
  await verifyStored(dir, cids)
  return {
    json: count / jsonResult.seconds,
    jsonP99Ms: percentile(jsonResult.latenciesMs, 99),
    multipart: count / multipartResult.seconds,
    bare: count / bareResult.seconds,
    bareMultipart: count / bareMultipart.seconds,
    commits,
    groveCpuUs: groveCpu === undefined ? undefined : (groveCpu * 1e6) / count,
    writtenKb: written === undefined ? undefined : written / 1_000 / count,
    loadCpuUs: (jsonResult.cpuSeconds * 1e6) / count,
  }
}

/** Makes requests that publish, none twice. */
function requestMaker() {
  let number = 0
  const drafts = (count: number) => Array.from({ length: count }, () => sampleDraft(number++))
  return {
    json: (count: number) => drafts(count).map(publishRequest),
    multipart: (count: number) =>
      drafts(count).map((draft) =>
        multipartRequest(draft, 'notes.txt', sampleText(number++, ARTIFACT_CHARS)),
      ),
  }
}

/** Sends requests that publish, and adds the acknowledged cids to `cids`. */
async function publishAll(
  load: Load,
  grove: GroveProcess,
  requests: readonly LoadRequest[],
  cids: Cid[],
) {
  const result = await load.requests(grove.url, CONNECTIONS, requests)
  for (const answer of result.answers) cids.push((JSON.parse(answer) as { cid: Cid }).cid)
  return result
}
