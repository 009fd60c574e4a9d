import type { Cid } from '../src/core/cid.ts'
import type { SyncReport } from '../src/core/wire/federation.ts'
import type { GroveInfo } from '../src/core/wire/grove.ts'
import type { Benchmark } from './lab/benchmark.ts'
import { fillGrove, verifyStored } from './lab/directory.ts'
import { Load, type LoadRequest } from './lab/load.ts'
import { comparison, repetitions } from './lab/report.ts'
import { sampleDraft, sampleText } from './lab/samples.ts'
import type { GroveProcess, Workbench } from './lab/workbench.ts'

const AT_ONCE = 16
const ARTIFACT_CHARS = 1_024
/** The most that one round of sync takes of one metric. */
const PER_METRIC = 1_000
const SYNC_ROUNDS_MAX = 100
const JSON_HEADERS = { 'content-type': 'application/json' }

/** Its baseline reads the same bytes from the same grove, and neither verifies nor stores them. */
export const benchmark: Benchmark = {
  about: 'small contributions from a peer, on demand and by sync',
  scale: { option: 'count', of: 'contributions', usual: 10_000 },
  takes: '2 min',
  async run(bench, { amount, repeat }) {
    const turns = await measure(bench, amount, repeat)
    const figure = `${amount} small contributions`
    const baseline = {
      what: 'manifest and artifact read from A over 16 connections, neither verified nor kept',
      value: (turn: Rates) => turn.read,
    }
    return {
      how: [
        `${amount} contributions with an artifact of 1 KiB each, from A to B.`,
        `${repetitions(repeat)} Afterwards B's directory held all of them.`,
        `On demand: POST /api/contributions/:cid/fetch at B with its defaults, ${AT_ONCE} at once.`,
        'By sync: a metric for each thousand; rounds were asked for until B held all.',
      ],
      rows: [
        comparison(
          turns,
          { figure: `${figure}, on demand`, unit: '/s' },
          (turn) => turn.onDemand,
          baseline,
        ),
        comparison(
          turns,
          { figure: `${figure}, by sync`, unit: '/s' },
          (turn) => turn.sync,
          baseline,
        ),
      ],
    }
  },
}

/** What one repetition measured, in contributions a second. */
interface Rates {
  readonly read: number
  readonly onDemand: number
  readonly sync: number
}

async function measure(bench: Workbench, count: number, repeat: number): Promise<Rates[]> {
  const load = new Load(bench)
  const dir = bench.path('a')
  const cids = await fillGrove(dir, count, (number) => ({
    draft: sampleDraft(number, `metric-${Math.floor(number / PER_METRIC)}`),
    artifact: sampleText(number, ARTIFACT_CHARS),
  }))
  const from = await bench.serve(dir, '--sync', 'off')
  const turns: Rates[] = []
  for (let turn = 0; turn < repeat; turn++) {
    turns.push({
      read: await readAll(load, from, cids),
      onDemand: await fetchAll(bench, load, from, cids),
      sync: await syncAll(bench, from, cids),
    })
  }
  await from.stop()
  return turns
}

async function readAll(load: Load, from: GroveProcess, cids: readonly Cid[]): Promise<number> {
  const requests = cids.flatMap((cid): LoadRequest[] => [
    { method: 'GET', path: `/api/gossip/contribution/${cid}` },
    { method: 'GET', path: `/api/contributions/${cid}/artifacts/notes.txt` },
  ])
  const { seconds } = await load.requests(from.url, AT_ONCE, requests)
  return cids.length / seconds
}

async function fetchAll(
  bench: Workbench,
  load: Load,
  from: GroveProcess,
  cids: readonly Cid[],
): Promise<number> {
  const dir = bench.path('b')
  const to = await bench.serve(dir, '--sync', 'off', '--peer', from.url)
  const body = JSON.stringify({ peer: from.url })
  const requests = cids.map((cid): LoadRequest => {
    const path = `/api/contributions/${cid}/fetch`
    return { method: 'POST', path, headers: JSON_HEADERS, body }
  })
  const { seconds } = await load.requests(to.url, AT_ONCE, requests)
  await to.stop()
  await verifyStored(dir, cids)
  return cids.length / seconds
}

async function syncAll(
  bench: Workbench,
  from: GroveProcess,
  cids: readonly Cid[],
): Promise<number> {
  const dir = bench.path('b')
  // No gossip, and no round but those asked for: nothing else moves.
  const intervals = ['--sync-interval', '24h', '--gossip-interval', '24h']
  const limits = ['--sync-top-k', `${PER_METRIC}`, '--round-requests', '1000000']
  const bytes = ['--round-bytes', '100GiB']
  const to = await bench.serve(dir, '--peer', from.url, ...intervals, ...limits, ...bytes)
  const begun = performance.now()
  for (let round = 0; (await heldBy(to)) < cids.length; round++) {
    if (round === SYNC_ROUNDS_MAX)
      throw new Error(`B does not hold all after ${SYNC_ROUNDS_MAX} rounds of sync`)
    await syncOnce(to)
  }
  const seconds = (performance.now() - begun) / 1_000
  await to.stop()
  await verifyStored(dir, cids)
  return cids.length / seconds
}

async function heldBy({ url }: GroveProcess): Promise<number> {
  const answer = await fetch(`${url}/api/grove`)
  return ((await answer.json()) as GroveInfo).stats.contributions
}

async function syncOnce({ url }: GroveProcess): Promise<void> {
  const answer = await fetch(`${url}/api/federation/sync`, {
    method: 'POST',
    headers: JSON_HEADERS,
    body: '{}',
  })
  const report = (await answer.json()) as SyncReport
  if (!answer.ok || report.failed.length > 0)
    throw new Error(`sync: ${answer.status} ${JSON.stringify(report).slice(0, 500)}`)
}
