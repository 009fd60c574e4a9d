import assert from 'node:assert/strict'
import { test } from 'node:test'
import { disagreements, unheard } from '../../sim/checkers/agreement.ts'
import { wrongBlame } from '../../sim/checkers/blame.ts'
import { exceededLimits, TrafficWatch } from '../../sim/checkers/bounds.ts'
import { corruptions, losses, miscounts } from '../../sim/checkers/integrity.ts'
import { behind, unwarned } from '../../sim/checkers/keys/copies.ts'
import { LATE_AFTER, Lateness } from '../../sim/checkers/lateness.ts'
import { misplacedSeeds } from '../../sim/checkers/seeds.ts'
import { otherSigners } from '../../sim/checkers/signers.ts'
import { Keys } from '../../sim/engine/keys.ts'
import { Process } from '../../sim/engine/process.ts'
import { Rng } from '../../sim/engine/rng.ts'
import { Timeline } from '../../sim/engine/timeline.ts'
import { Disk } from '../../sim/machine/disk.ts'
import { Ledger } from '../../sim/run/ledger.ts'
import { diskSchema } from '../../sim/scenario/conditions.ts'
import { scenarioSchema } from '../../sim/scenario/scenario.ts'
import { type Cid, hashBytes } from '../../src/core/cid.ts'
import { type Contribution, sealDraft } from '../../src/core/contribution/contribution.ts'
import type { Draft } from '../../src/core/contribution/schema.ts'
import { signOrigins } from '../../src/core/identity/origin.ts'
import { mustHold } from '../../src/core/invariant.ts'
import { TRANSFERS_MAX_ASKED_PER_HOST, TRANSFERS_MAX_PER_HOST } from '../../src/core/limits.ts'
import { defaultPolicy } from '../../src/core/policy.ts'
import type { GroveNode } from '../../src/node/node.ts'

const NOW = Date.UTC(2026, 0, 1)
const here = { origin: 'local', receivedAt: NOW } as const

function holder(name: string) {
  const timeline = new Timeline(NOW)
  const conditions = diskSchema.parse({})
  const noticed: string[] = []
  const note = (what: string) => void noticed.push(what)
  const disk = new Disk({
    timeline,
    rng: new Rng(1),
    conditions,
    crash() {},
    fault: note,
    violated: note,
  })
  return { name, disk, timeline, noticed }
}

function work(summary: string, draft: Partial<Draft> = {}): Contribution {
  return sealDraft(
    { kind: 'work', mode: 'evaluation', summary, agent: { agentId: 'a' }, ...draft },
    NOW,
  )
}

const scored = (value: number): Partial<Draft> => ({
  scores: { m: { value, direction: 'minimize' } },
})

test("a blob and a manifest whose bytes don't hash to their name are noticed", async () => {
  const { name, disk } = holder('g')
  const honest = work('honest')
  const blobs = disk.blobs as unknown as { get: () => Promise<AsyncIterable<Uint8Array>> }
  const { hash } = await disk.blobs.put(Buffer.from('right'))
  disk.hashes.add(hash)
  blobs.get = async () => stream(Buffer.from('wrong'))
  await disk.graph.put({ ...honest, cid: hashBytes(Buffer.from('another')) }, here)

  const found = await corruptions({ name, disk })

  assert.equal(found.length, 2)
  assert.match(found.join(), /shows a blob under .*shows a contribution under/)
})

test('the loss of acknowledged work is noticed, unless the disk itself lost it', async () => {
  const { name, disk } = holder('g')
  const kept = work('kept')
  await disk.graph.put(kept, here)
  const blob = hashBytes(Buffer.from('blob'))
  const acknowledged = [
    { grove: 'g', cid: kept.cid, blobs: [blob] },
    { grove: 'g', cid: work('lost').cid, blobs: [] },
  ]

  const found = await losses([{ name, disk }], acknowledged)
  disk.forgotten.add(blob)
  const excused = await losses([{ name, disk }], acknowledged)

  assert.equal(found.length, 2)
  assert.equal(excused.length, 1)
})

test('a signal or an edge that is counted twice is noticed', async () => {
  const { name, disk } = holder('g')
  const target = work('target')
  const adoption = work('adoption', {
    relations: [{ targetCid: target.cid, relationType: 'adopts' }],
  })
  for (const item of [target, adoption]) await disk.graph.put(item, here)
  const { signals, edges } = disk.graph
  disk.graph.signals = async (cid) => ({ ...(await signals.call(disk.graph, cid)), adoption: 2 })
  disk.graph.edges = async (cid, direction) => {
    const once = await edges.call(disk.graph, cid, direction)
    return [...once, ...once]
  }

  const found = await miscounts({ name, disk })

  assert.ok(found.some((what) => what.includes('counts')))
  assert.ok(found.some((what) => what.includes('other edges')))
})

test('groves that rank a metric in the same direction are compared, whatever others say of it', async () => {
  const [a, b, c] = [holder('a'), holder('b'), holder('c')]
  const up = (value: number): Partial<Draft> => ({
    scores: { m: { value, direction: 'maximize' } },
  })
  const [first, second, other] = [
    work('first', scored(1)),
    work('second', scored(2)),
    work('other', up(9)),
  ]
  const there = { origin: 'peer', receivedAt: NOW, address: 'http://x' } as const
  for (const { disk } of [a, b]) await disk.graph.put(first, here)
  await a.disk.graph.put(second, here)
  await b.disk.graph.put(other, there)
  await c.disk.graph.put(other, here)

  const found = await disagreements([a, b, c], defaultPolicy)
  await b.disk.graph.put(second, here)
  const agreed = await disagreements([a, b, c], defaultPolicy)

  assert.deepEqual(found.length, 2)
  assert.match(found.join(), /b ranks m as .*=1, not as .*=2.*b lacks/)
  assert.deepEqual(agreed, [])
})

test('a blob is due that only a grove holds which ranks another metric the other way', async () => {
  const [a, c] = [holder('a'), holder('c')]
  const { hash } = await c.disk.blobs.put(Buffer.from('blob'))
  const n = { n: { value: 1, direction: 'minimize' } } as const
  const shared = work('shared', { scores: n, artifacts: { part: hash } })
  for (const { disk } of [a, c]) await disk.graph.put(shared, here)
  await a.disk.graph.put(work('down', scored(1)), here)
  const up = { m: { value: 1, direction: 'maximize' } } as const
  await c.disk.graph.put(work('up', { scores: up }), here)

  const found = await disagreements([a, c], defaultPolicy)

  assert.deepEqual(found, [`a lacks the blob ${hash}`])
})

test('groves disagree if one of them lacks work or a blob, and so ranks differently', async () => {
  const [a, b] = [holder('a'), holder('b')]
  const { hash } = await a.disk.blobs.put(Buffer.from('blob'))
  const best = work('best', { ...scored(1), artifacts: { part: hash } })
  const shared = work('shared', scored(2))
  for (const item of [best, shared]) await a.disk.graph.put(item, here)
  await b.disk.graph.put(shared, here)

  const found = await disagreements([a, b], defaultPolicy)
  await b.disk.graph.put(best, here)
  const partial = await disagreements([a, b], defaultPolicy)
  await b.disk.blobs.put(Buffer.from('blob'))
  const agreed = await disagreements([a, b], defaultPolicy)

  assert.match(found.join(), /b ranks m as .*b lacks blake3.*b lacks the blob/)
  assert.deepEqual(partial, [`b lacks the blob ${hash}`])
  assert.deepEqual(agreed, [])
})

test('an artifact that the policy excludes need not be held', async () => {
  const [a, b] = [holder('a'), holder('b')]
  const { hash } = await a.disk.blobs.put(Buffer.alloc(100))
  const large = work('large', { ...scored(1), artifacts: { part: hash } })
  for (const { disk } of [a, b]) await disk.graph.put(large, here)

  assert.deepEqual(await disagreements([a, b], { ...defaultPolicy, maxArtifactBytes: 99 }), [])
})

test('peers, places, paths, advertisements, messages and transfers beyond their limits are noticed', () => {
  const peers = Array.from({ length: 14 }, (_, n) => ({
    peerId: `p${n}`,
    address: n < 2 ? `http://a:${n + 1}` : `http://a${n}`,
    active: true,
  }))
  const items = Array.from({ length: 501 }, () => ({ metric: 'm', advertisements: [] }))
  const checkInvariants = () => mustHold(false, 'one address has one id')
  const gossip = { peers: () => peers, federated: () => items, checkInvariants }
  const node = {
    gossip,
    clock: { now: () => NOW },
    config: { self: { peerId: 'g' } },
  } as unknown as GroveNode
  const violated: string[] = []
  const watch = new TrafficWatch(new Timeline(NOW), (what) => void violated.push(what))
  const client = { name: 'g', address: 'http://g', honest: true, process: new Process() }
  const request = {
    origin: 'http://p',
    path: '/api/gossip/exchange',
    method: 'POST',
    headers: {},
  } as const

  watch.requested(client, { ...request, body: JSON.stringify({ frontier: Array(101).fill(0) }) })
  watch.requested(client, { ...request, body: JSON.stringify({ text: 'x'.repeat(70_000) }) })
  watch.requested(client, { ...request, path: '/p1/api/gossip/exchange' })
  const most = TRANSFERS_MAX_PER_HOST + TRANSFERS_MAX_ASKED_PER_HOST
  for (let n = 0; n <= most; n++) watch.transferBegun(client, `http://p:${n + 1}`)

  assert.deepEqual(exceededLimits(node), [
    'g has 14 active peers, 10 is the most',
    'g has 1 places for one host, 0 is the most',
    'g has 501 advertisements in m, 500 is the most',
    'g: InvariantError: a bug in Grove: this must always hold: one address has one id',
  ])
  assert.equal(violated.length, 4)
})

test('a grove is silent only while it knows somebody', async () => {
  const timeline = new Timeline(NOW)
  const watch = new TrafficWatch(timeline, () => {})
  const client = { name: 'g', address: 'http://g', honest: true, process: new Process() }
  const url = { origin: 'http://p', path: '/api/gossip/exchange' }
  const silentMs = async (atMs: number, knowsSomebody: boolean) => {
    await timeline.run(NOW + atMs)
    return watch.silentMs('g', knowsSomebody)
  }

  assert.equal(await silentMs(1_000, true), 0)
  watch.requested(client, { ...url, method: 'POST', headers: {} })
  assert.equal(await silentMs(5_000, true), 4_000)
  assert.equal(await silentMs(30_000, false), 0)
  assert.equal(await silentMs(36_000, true), 6_000)
  watch.forget('g')
  assert.equal(await silentMs(40_000, true), 0)
})

test('a seed that is known by the id of another, or by none, is noticed', () => {
  const peers = [1, 2, 3].map((n) => ({ peerId: `g${n}`, address: `http://g${n}` }))
  const [own, taken, lost] = peers
  const config = { self: { peerId: 'g', address: 'http://g' }, seeds: peers }
  const known = [own, { ...taken, peerId: 'thief' }]
  const node = { config, gossip: { peers: () => known } } as unknown as GroveNode

  assert.deepEqual(misplacedSeeds(node, peers), [
    'g knows its seed g2 as thief',
    `g knows its seed ${lost?.peerId} as undefined`,
  ])
})

test('an honest peer that is blamed for a lie is noticed, and no other blame', () => {
  const peer = { peerId: 'g1', address: 'http://g1' }
  const blame = (message: string, fields: object) =>
    wrongBlame(message, { ...peer, ...fields }, [peer])

  const wrong = [
    blame('advertisement contradicted', { reason: 'it advertises m 1, which has 2' }),
    blame('peer fault', { code: 'fetch-bad-bytes', reason: 'it sent other bytes' }),
    blame('peer fault', { code: 'peer-fault', fault: 'too-long', reason: 'it sent more' }),
  ]
  const right = [
    blame('advertisement contradicted', { address: 'http://evil' }),
    blame('peer fault', { code: 'fetch-bad-bytes', peerId: 'evil' }),
    blame('peer fault', { code: 'peer-fault', fault: 'cut-off' }),
    blame('peer fault', { code: 'peer-too-slow' }),
    blame('peer fault', { code: 'peer-unreachable' }),
  ]

  for (const blamed of wrong) assert.match(blamed ?? '', /g1 is blamed/)
  for (const blamed of right) assert.equal(blamed, undefined)
})

test('a grove that does not warn of another with its key is noticed', () => {
  const peer = (n: number, peerId: string) => ({ peerId, address: `http://10.0.0.${n}:4515` })
  const grove = (name: string, own: { peerId: string; address: string }, ...twins: string[]) => ({
    ...{ name, peer: own, twins: new Set(twins) },
  })
  const [first, copy, other] = [peer(1, 'k'), peer(2, 'k'), peer(3, 'other')]

  const found = unwarned([
    grove('first', first, copy.address),
    grove('copy', copy, other.address),
    grove('other', other),
  ])

  assert.deepEqual(found, ['copy has not warned that first has its key'])
})

test('a warning of a grove with the own key is no wrong blame, and any other is', () => {
  const copy = { peerId: 'k', address: 'http://10.0.0.2:4515' }
  const blame = (reason: string) =>
    wrongBlame('peer fault', { ...copy, code: 'peer-fault', reason }, [copy])

  const twin = `the grove at ${copy.address} has the id of this one, and so is no peer of it`
  assert.equal(blame(twin), undefined)
  assert.match(blame('it sent other bytes') ?? '', /k is blamed/)
})

test('a grove with a copied key that lacks the best of the others is noticed', async () => {
  const [a, b, copy] = [holder('a'), holder('b'), holder('copy')]
  const best = work('best', scored(1))
  for (const { disk } of [a, b]) await disk.graph.put(best, here)
  await copy.disk.graph.put(work('by the copy', scored(0)), here)

  const found = await behind([copy], [a, b], defaultPolicy)
  await copy.disk.graph.put(best, here)

  assert.deepEqual(found, [`copy lacks ${best.cid}, which the others hold`])
  assert.deepEqual(await behind([copy], [a, b], defaultPolicy), [])
})

test('a blob that a disk stores under a wrong hash is noticed as it is written', async () => {
  const { disk, timeline, noticed } = holder('g')
  disk.blobs.put = async () => ({ hash: hashBytes(Buffer.from('another')) as Cid, sizeBytes: 5 })
  const stores = disk.open(new Process())

  await timeline.runUntilSettled(stores.blobs.put(Buffer.from('bytes')), NOW + 1_000)

  assert.match(noticed.join(), /keeps other bytes/)
})

test('other signers of what groves hold, though there is room for all, are noticed', async () => {
  const [a, b] = [holder('a'), holder('b')]
  const shared = work('shared')
  const keys = new Keys(new Rng(1), { isReal: false })
  const [one, two] = ['one', 'two'].map((name) => signOrigins(keys.of(name), [shared.cid], NOW))
  for (const { disk } of [a, b]) await disk.graph.put(shared, here, { origins: one ?? [] })
  await a.disk.graph.origins.add(shared.cid, two ?? [], 'peer')

  const found = await otherSigners([a, b])
  await b.disk.graph.origins.add(shared.cid, two ?? [], 'peer')

  assert.match(found.join(), /^b holds .* without the origin of ed25519:/)
  assert.deepEqual(await otherSigners([a, b]), [])
})

async function* stream(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes
}

test('what one grove holds about a contribution of another, and that lacks, is noticed', async () => {
  const [one, two] = [holder('one'), holder('two')]
  const both = work('both')
  const answer = work('an answer', {
    relations: [{ targetCid: both.cid, relationType: 'responds_to' }],
  })
  for (const { disk } of [one, two]) await disk.graph.put(both, here)
  await two.disk.graph.put(answer, here)
  await two.disk.graph.put(work('about nothing'), here)

  const found = await unheard([one, two])
  await one.disk.graph.put(answer, here)

  assert.deepEqual(found, [`one holds ${both.cid} and lacks ${answer.cid}, which is about it`])
  assert.deepEqual(await unheard([one, two]), [])
})

const ROUND_MS = 10_000

/** Of a ledger in which these are published at the start. */
function lateness(
  { topK = 8, faults = [] }: { topK?: number; faults?: readonly object[] },
  ...items: readonly Contribution[]
): Lateness {
  const ledger = new Ledger()
  for (const item of items) {
    ledger.published.set(item.cid, item)
    ledger.publishedAt.set(item.cid, NOW)
  }
  const scenario = scenarioSchema.parse({
    about: 'a test',
    groves: { count: 2, syncIntervalMs: ROUND_MS, policy: { topK } },
    workload: { overMs: 0 },
    faults,
    faultsEndMs: 200_000,
    rounds: 1,
  })
  return new Lateness({ name: 'test', ...scenario }, NOW, ledger)
}

const afterRounds = (rounds: number) => NOW + rounds * ROUND_MS

test('work or a blob that a grove still lacks some rounds after it came is late', async () => {
  const [a, b] = [holder('a'), holder('b')]
  const { hash } = await a.disk.blobs.put(Buffer.from('blob'))
  const best = work('best', { ...scored(1), artifacts: { part: hash } })
  await a.disk.graph.put(best, here)
  const watch = lateness({}, best)

  assert.deepEqual(await watch.late([a, b], afterRounds(LATE_AFTER.quiet)), [])
  const late = await watch.late([a, b], afterRounds(LATE_AFTER.quiet + 1))
  await b.disk.graph.put(best, here)
  const partial = await watch.late([a, b], afterRounds(LATE_AFTER.quiet + 2))
  await b.disk.blobs.put(Buffer.from('blob'))

  assert.deepEqual(late, [`b lacks ${best.cid} after ${LATE_AFTER.quiet} rounds`])
  assert.deepEqual(partial, late)
  assert.deepEqual(await watch.late([a, b], afterRounds(LATE_AFTER.quiet + 2)), [])
  assert.equal(watch.most, LATE_AFTER.quiet + 2)
})

test('what is about something held is late too; what the policy does not want is not', async () => {
  const [a, b] = [holder('a'), holder('b')]
  const [best, second] = [work('best', scored(1)), work('second', scored(2))]
  const review = work('review', {
    kind: 'review',
    mode: 'exploration',
    relations: [{ targetCid: best.cid, relationType: 'reviews' }],
  })
  for (const item of [best, second, review]) await a.disk.graph.put(item, here)
  await b.disk.graph.put(best, here)
  const watch = lateness({ topK: 1 }, best, second, review)

  await watch.late([a, b], afterRounds(2))
  const late = await watch.late([a, b], afterRounds(3 + LATE_AFTER.quiet))

  assert.deepEqual(late, [`b lacks ${review.cid} after ${LATE_AFTER.quiet} rounds`])
})

test('the time that faults lasted does not count', async () => {
  const [a, b] = [holder('a'), holder('b')]
  const best = work('best', scored(1))
  await a.disk.graph.put(best, here)
  const split = { type: 'partition', fromMs: ROUND_MS, untilMs: 3 * ROUND_MS }
  const crash = { type: 'crash', fromMs: 2 * ROUND_MS, untilMs: 4 * ROUND_MS, times: 1 }
  const watch = lateness({ faults: [split, { ...crash, downMs: [0, ROUND_MS] }] }, best)
  const faultRounds = 4

  assert.deepEqual(await watch.late([a, b], afterRounds(LATE_AFTER.disturbed + faultRounds)), [])
  const late = await watch.late([a, b], afterRounds(LATE_AFTER.disturbed + faultRounds + 1))

  assert.deepEqual(late, [`b lacks ${best.cid} after ${LATE_AFTER.disturbed} rounds`])
})
