import type { Cid } from '../../src/core/cid.ts'
import type { SyncReport } from '../../src/core/wire/federation.ts'
import type { GroveInfo } from '../../src/core/wire/grove.ts'
import type { Ask, Load } from '../load-client.ts'
import { fillGrove, sampleDraft, sampleText, verifyStored } from '../samples.ts'
import type { GroveProcess, Workbench } from '../workbench.ts'

const AT_ONCE = 16
const ARTIFACT_CHARS = 1_024
/** What one round of sync takes of one metric at the most. */
const PER_METRIC = 1_000
const SYNC_ROUNDS_MAX = 100

/** One repetition: contributions a second. */
export interface Rates {
  readonly onDemand: number
  readonly sync: number
  readonly plain: number
}

/** Brings all contributions of one grove to others, in each of the ways, so many times. */
export async function fetchRates(
  bench: Workbench,
  load: Load,
  count: number,
  repeat: number,
): Promise<Rates[]> {
  const dir = bench.path('a')
  const cids = await fillGrove(dir, count, (number) => ({
    draft: sampleDraft(number, `metric-${Math.floor(number / PER_METRIC)}`),
    artifact: sampleText(number, ARTIFACT_CHARS),
  }))
  const from = await bench.serve(dir, '--sync', 'off')
  const rates: Rates[] = []
  for (let turn = 0; turn < repeat; turn++) {
    rates.push({
      plain: await plain(load, from, cids),
      onDemand: await onDemand(bench, load, from, cids),
      sync: await bySync(bench, from, cids),
    })
  }
  await from.stop()
  return rates
}

async function plain(load: Load, from: GroveProcess, cids: readonly Cid[]): Promise<number> {
  const asks = cids.flatMap((cid): Ask[] => [
    { method: 'GET', path: `/api/gossip/contribution/${cid}` },
    { method: 'GET', path: `/api/contributions/${cid}/artifacts/notes.txt` },
  ])
  const { seconds } = await load.requests(from.url, AT_ONCE, asks)
  return cids.length / seconds
}

async function onDemand(
  bench: Workbench,
  load: Load,
  from: GroveProcess,
  cids: readonly Cid[],
): Promise<number> {
  const dir = bench.path('b')
  const to = await bench.serve(dir, '--sync', 'off', '--peer', from.url)
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ peer: from.url })
  const asks = cids.map(
    (cid): Ask => ({ method: 'POST', path: `/api/contributions/${cid}/fetch`, headers, body }),
  )
  const { seconds } = await load.requests(to.url, AT_ONCE, asks)
  await to.stop()
  await verifyStored(dir, cids)
  return cids.length / seconds
}

async function bySync(bench: Workbench, from: GroveProcess, cids: readonly Cid[]): Promise<number> {
  const dir = bench.path('b')
  const generous = [
    '--sync-top-k',
    String(PER_METRIC),
    '--round-requests',
    '1000000',
    '--round-bytes',
    '100GiB',
  ]
  // Rounds by themselves are an hour apart, and no gossip announces anything: only what is asked for moves.
  const to = await bench.serve(
    dir,
    '--peer',
    from.url,
    '--sync-interval',
    '24h',
    '--gossip-interval',
    '24h',
    ...generous,
  )
  const begun = performance.now()
  for (let round = 0; (await held(to)) < cids.length; round++) {
    if (round === SYNC_ROUNDS_MAX)
      throw new Error(`not all there after ${SYNC_ROUNDS_MAX} rounds of sync`)
    await syncOnce(to)
  }
  const seconds = (performance.now() - begun) / 1_000
  await to.stop()
  await verifyStored(dir, cids)
  return cids.length / seconds
}

async function held({ url }: GroveProcess): Promise<number> {
  const answer = await fetch(`${url}/api/grove`)
  return ((await answer.json()) as GroveInfo).stats.contributions
}

async function syncOnce({ url }: GroveProcess): Promise<void> {
  const answer = await fetch(`${url}/api/federation/sync`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  })
  const report = (await answer.json()) as SyncReport
  if (!answer.ok || report.failed.length > 0)
    throw new Error(`sync: ${answer.status} ${JSON.stringify(report).slice(0, 500)}`)
}
