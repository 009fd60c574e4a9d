import type { GroveIdentity } from '../../src/core/wire/identity.ts'
import { startDroppingServer } from './baselines.ts'
import { fillGrove } from './directory.ts'
import { median, percentile } from './figures.ts'
import { type AskedAnswer, askAsPeers, type Peer } from './peers.ts'
import type { Row } from './report.ts'
import { sampleDraft, sampleText } from './samples.ts'
import type { Workbench } from './workbench.ts'

const NORMAL = 9
/** Each of them asks so often, in ms. */
const EVERY_MS = 100
/** The greedy one asks so often, whether or not it is answered. */
const GREEDY_EVERY_MS = 2
const GREEDY_CONNECTIONS = 64
/** What is signed just after a grove's start is not taken. */
const STARTED_MS = 5_000
const SECONDS = 8
const WORKS = 500
const ARTIFACT_CHARS = 128 * 1024

/** What one side of the comparison found. */
interface Side {
  readonly answered: number
  readonly median: number
  readonly high: number
  readonly greedy: readonly AskedAnswer[]
}

/**
 * One greedy peer and nine at a fixed pace, all of which sign what they ask. The baseline is the
 * same with the greedy one's load sent to a server that drops it.
 */
export async function besideGreedyPeer(
  bench: Workbench,
  { quick, repeat }: { readonly quick: boolean; readonly repeat: number },
): Promise<Row[]> {
  const dir = bench.path('greedy')
  const cids = await fillGrove(dir, WORKS, (number) => ({
    draft: sampleDraft(number),
    artifact: sampleText(number, ARTIFACT_CHARS),
  }))
  const grove = await bench.serve(dir, '--sync', 'off', '--admission', 'signed')
  const identity = (await (await fetch(`${grove.url}/api/identity`)).json()) as GroveIdentity
  const hashes = await Promise.all(cids.slice(0, 50).map((cid) => hashOf(grove.url, cid)))
  const paths = [
    ...cids.slice(0, 100).map((cid) => `/api/gossip/contribution/${cid}`),
    ...hashes.map((hash) => `/api/blobs/${hash}`),
    '/api/federation/best?dimension=val_bpb&direction=minimize&limit=100',
  ]
  await new Promise((resolve) => setTimeout(resolve, STARTED_MS))
  const dropping = await startDroppingServer(bench)
  const side = async (greedyOrigin: string): Promise<Side> => {
    const job = { to: identity.peerId, seconds: quick ? 1 : SECONDS }
    const [normal, greedy] = await Promise.all([
      askAsPeers(bench, { ...job, origin: grove.url, peers: normalPeers(paths) }),
      askAsPeers(bench, { ...job, origin: greedyOrigin, peers: [greedyPeer(paths)] }),
    ])
    const good = normal.filter(({ status }) => status === 200).map(({ ms }) => ms)
    const answered = good.length / job.seconds
    return { answered, median: median(good), high: percentile(good, 95), greedy }
  }
  const turns: { readonly beside: Side; readonly control: Side }[] = []
  for (let turn = 0; turn < repeat; turn++)
    turns.push({ control: await side(dropping), beside: await side(grove.url) })
  await grove.stop()
  return rowsOf(turns)
}

function rowsOf(turns: readonly { readonly beside: Side; readonly control: Side }[]): Row[] {
  const what = 'the same with the greedy one’s load dropped'
  const row = (figure: string, unit: string, of: (side: Side) => number, aim: Row['aim']): Row => ({
    ...{ figure, unit, value: median(turns.map(({ beside }) => of(beside))) },
    baseline: { what, value: median(turns.map(({ control }) => of(control))) },
    ratio: median(turns.map(({ beside, control }) => of(beside) / of(control))),
    ...(aim && { aim }),
  })
  const rate = (status: number) =>
    median(turns.map(({ beside }) => beside.greedy.filter((one) => one.status === status).length))
  return [
    row('9 peers beside a greedy one, answers', '/s', (side) => side.answered, {
      least: 0.9,
      of: 'ratio',
    }),
    row('their median wait', 'ms', (side) => side.median, { most: 2, of: 'ratio' }),
    row('their 95th percentile', 'ms', (side) => side.high, { most: 2, of: 'ratio' }),
    { figure: 'answers to the greedy one', unit: '', value: rate(200) },
    { figure: 'times that it was told to come later', unit: '', value: rate(429) },
  ]
}

const normalPeers = (paths: readonly string[]): Peer[] =>
  Array.from({ length: NORMAL }, (_, n) => ({
    n: n + 2,
    localAddress: `127.0.0.${n + 2}`,
    connections: 8,
    everyMs: EVERY_MS,
    paths: paths.slice(n * 10).concat(paths.slice(0, n * 10)),
  }))

const greedyPeer = (paths: readonly string[]): Peer => ({
  n: 1,
  localAddress: '127.0.0.1',
  connections: GREEDY_CONNECTIONS,
  everyMs: GREEDY_EVERY_MS,
  paths,
})

async function hashOf(url: string, cid: string): Promise<string> {
  const answer = await fetch(`${url}/api/contributions/${cid}`)
  const { artifacts } = (await answer.json()) as { artifacts: Record<string, string> }
  return Object.values(artifacts)[0] ?? ''
}
