import assert from 'node:assert/strict'
import { test } from 'node:test'
import { absentAnswer, bytesAnswer, type HttpAnswer } from '../../../../sim/network/http.ts'
import { type Cid, hashBytes } from '../../../../src/core/cid.ts'
import type { Contribution } from '../../../../src/core/contribution/contribution.ts'
import { GroveError } from '../../../../src/core/errors.ts'
import { defaultPolicy } from '../../../../src/core/policy.ts'
import { fetchRemoteContribution } from '../../../../src/node/fetch/fetch.ts'
import { someBytes, work } from '../../../support/peer.ts'
import { hold } from '../../../support/test-node.ts'
import { virtualWorld } from '../../../support/world.ts'

const { startPeer, testNode, timeline, until } = virtualWorld()

const scored = (summary: string, value: number, artifacts: Record<string, string> = {}) =>
  work(summary, {
    scores: { loss: { value, direction: 'minimize' } },
    artifacts: artifacts as Record<string, Contribution['cid']>,
  })
const entry = ({ cid }: Contribution, value: number, artifactBytes = 0) => ({
  cid,
  value,
  kind: 'work',
  tags: [],
  manifestBytes: 300,
  artifactBytes,
})
const list = (...entries: object[]) => ({
  loss: { dimension: 'loss', direction: 'minimize', entries },
})

/** What stands in front of a peer does not reach it. */
const gateway: HttpAnswer = { status: 502, headers: {}, body: Buffer.alloc(0) }

const [good, better, best] = [scored('good', 0.9), scored('better', 0.8), scored('best', 0.7)]

test("a round fetches and reports what the policy wants of a peer's list", async () => {
  await using peer = startPeer('peer', {
    contributions: [good, better, best],
    best: list(entry(best, 0.7), entry(better, 0.8), entry(good, 0.9)),
  })
  await using grove = testNode([peer], { policy: { ...defaultPolicy, topK: 3 } })
  await grove.node.contributions.put(scored('own', 0.6), { origin: 'local', receivedAt: 0 })

  const report = await grove.node.sync.round()

  assert.deepEqual(report.fetched, [best.cid, better.cid])
  assert.deepEqual(report.skipped, [{ cid: good.cid, reason: 'top-k' }])
  assert.deepEqual(await grove.node.contributions.missing([best.cid, better.cid]), [])
})

test('a round reads no manifest of which an earlier round knows that nothing is missing', async (t) => {
  await using peer = startPeer('peer', {
    contributions: [best],
    best: list(entry(best, 0.7)),
  })
  await using grove = testNode([peer])
  await grove.node.sync.round()
  assert.equal((await grove.node.sync.round()).held, 1)
  const { contributions } = grove.node
  const reads = (['get', 'bytes'] as const).map((name) => t.mock.method(contributions, name))

  assert.equal((await grove.node.sync.round()).held, 1)

  assert.deepEqual(
    reads.map(({ mock }) => mock.callCount()),
    [0, 0],
  )
})

test('a report says who made what was fetched, how large it is and from where, and who failed', async () => {
  const bytes = someBytes(5_000, 3)
  const item = scored('with a file', 0.7, { 'model.bin': hashBytes(bytes) })
  await using peer = startPeer('peer', {
    contributions: [item],
    blobs: [bytes],
    best: list(entry(item, 0.7, 5_000)),
  })
  await using broken = startPeer('broken', {
    misbehave: () => ({ status: 500, headers: {}, body: Buffer.from('no') }),
  })
  await using grove = testNode([peer, broken])

  const { asked = [], brought, peers } = await grove.node.sync.round()

  assert.equal(peers, 2)
  assert.deepEqual(
    asked.map(({ address, offered, error }) => [address, offered > 0, error?.code]).toSorted(),
    [
      [broken.address, false, 'peer-fault'],
      [peer.address, true, undefined],
    ].toSorted(),
  )
  assert.deepEqual(brought, [
    {
      cid: item.cid,
      kind: 'work',
      agentId: item.manifest.agent.agentId,
      summary: 'with a file',
      sizeBytes: 5_000,
      address: peer.address,
    },
  ])
  assert.deepEqual(grove.node.sync.asking(), [])
})

test('while a peer takes its time, the grove says for how long it has been asked', async () => {
  const waiting: ((answer: HttpAnswer) => void)[] = []
  await using slow = startPeer('slow', {
    misbehave: () => new Promise((resolve) => void waiting.push(resolve)),
  })
  await using grove = testNode([slow])
  const round = grove.node.sync.round()
  await until('the question', () => waiting.length > 0)

  await timeline.delay(300)

  const [asked] = grove.node.sync.asking()
  assert.equal(asked?.address, slow.address)
  assert.ok((asked?.forMs ?? 0) >= 300)
  for (const answer of waiting) answer(absentAnswer())
  await round
})

test('a threshold excludes values in the direction of its metric', async () => {
  await using peer = startPeer('peer', {
    contributions: [good, best],
    best: list(entry(best, 0.7), entry(good, 0.9)),
  })
  await using grove = testNode([peer], { policy: { ...defaultPolicy, thresholds: { loss: 0.8 } } })

  assert.deepEqual((await grove.node.sync.round()).fetched, [best.cid])
})

test('an unsolicited artifact that is too large is left, but its manifest is fetched', async () => {
  const bytes = someBytes(5_000, 3)
  const heavy = scored('heavy', 0.5, { 'big.bin': hashBytes(bytes) })
  await using peer = startPeer('peer', {
    contributions: [heavy],
    blobs: [bytes],
    best: list(entry(heavy, 0.5, 5_000)),
  })
  await using grove = testNode([peer], { policy: { ...defaultPolicy, maxArtifactBytes: 4_000 } })

  const report = await grove.node.sync.round()

  assert.deepEqual(report.fetched, [heavy.cid])
  assert.equal(await grove.node.blobs.stat(hashBytes(bytes)), undefined)
})

for (const [what, contribution, advertised, direction] of [
  ['value', good, 0.1, 'minimize'],
  ['direction', good, 0.9, 'maximize'],
  ['metric', work('unscored'), 0.1, 'minimize'],
] as const) {
  test(`an item with another ${what} than advertised is not stored, and is proof`, async () => {
    const lie = {
      loss: { dimension: 'loss', direction, entries: [entry(contribution, advertised)] },
    }
    await using liar = startPeer('liar', { contributions: [contribution], best: lie })
    await using grove = testNode([liar])

    const report = await grove.node.sync.round()

    assert.deepEqual(report.failed, [
      { cid: contribution.cid, reason: 'peer-fault', address: liar.address },
    ])
    assert.equal(await grove.node.contributions.count(), 0)
    assert.equal(grove.node.peers.record(liar.address).contradicted, 1)
  })
}

test('an item that one peer lies about is fetched from an honest one', async () => {
  await using liar = startPeer('liar', {
    contributions: [good],
    best: list(entry(good, 0.1)),
  })
  await using honest = startPeer('honest', {
    contributions: [good],
    best: list(entry(good, 0.9)),
  })
  await using grove = testNode([liar, honest])

  const report = await grove.node.sync.round()

  assert.deepEqual(report.fetched, [good.cid])
  assert.equal((await grove.node.contributions.get(good.cid))?.provenance.peerId, 'honest')
  assert.equal(grove.node.peers.record(liar.address).contradicted, 1)
  assert.equal(grove.node.peers.record(honest.address).confirmed, 1)
})

test('an item that could not be fetched backs off before it is tried again', async () => {
  await using peer = startPeer('peer', { best: list(entry(best, 0.7)) })
  await using grove = testNode([peer])
  assert.deepEqual((await grove.node.sync.round()).failed, [
    { cid: best.cid, reason: 'absent', address: peer.address },
  ])

  const again = await grove.node.sync.round()

  assert.deepEqual(again.failed, [])
  assert.deepEqual(again.skipped, [{ cid: best.cid, reason: 'backing-off' }])
})

test('a peer that is trusted less than others is asked now and then, so that it can do better', async () => {
  const names = ['one', 'two', 'three', 'doubtful']
  await using peers = new AsyncDisposableStack()
  const [doubtful, ...others] = names.map((name) => peers.use(startPeer(name, {}))).toReversed()
  assert.ok(doubtful !== undefined)
  await using grove = testNode([...others, doubtful], { reachable: true })
  const { node } = grove
  for (let n = 0; n < 9; n += 1) node.peers.fault(doubtful.address, new GroveError('peer-too-slow'))
  let asked = 0

  for (let n = 0; n < 64; n += 1) {
    const report = await node.sync.round()
    asked += Number(report.asked?.some(({ address }) => address === doubtful.address))
    node.peers.fault(doubtful.address, new GroveError('peer-too-slow'))
  }

  assert.ok(asked >= 2 && asked <= 20, `${asked} of 64 rounds`)
})

test('what was out of reach for an hour comes within seconds once its peer is reached', async () => {
  let isCut = true
  await using peer = startPeer('peer', {
    contributions: [best],
    best: list(entry(best, 0.7)),
    misbehave: ({ path }) => (isCut && path.includes(best.cid) ? gateway : undefined),
  })
  await using grove = testNode([peer])
  const { clock, sync } = grove.node
  for (const end = clock.now() + 3_600_000; clock.now() < end; await clock.sleep(60_000))
    assert.deepEqual((await sync.round()).fetched, [])
  await sync.round()
  isCut = false

  await clock.sleep(5_000)

  assert.deepEqual((await sync.round()).fetched, [best.cid])
})

test('metrics with names that do not rank keep nothing from being looked at', async () => {
  const long = Array.from({ length: 70 }, (_, index) => `${index}`.padEnd(300, '!'))
  const empty = { dimension: '', direction: 'minimize', entries: [] }
  await using peer = startPeer('peer', {
    contributions: [best],
    best: {
      ...Object.fromEntries(long.map((name) => [name, { ...empty, dimension: name }])),
      ...list(entry(best, 0.7)),
    },
  })
  await using grove = testNode([peer])

  const { fetched, asked = [] } = await grove.node.sync.round()

  assert.deepEqual([fetched, asked[0]?.error], [[best.cid], undefined])
})

/** Many metrics of one name after the other, before any real one. */
const inventedLists = (count: number) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, n) => {
      const dimension = `!0.${String(n).padStart(4, '0')}`
      return [dimension, { dimension, direction: 'minimize', entries: [] }]
    }),
  )

test('invented names of metrics keep a real one from being looked at for some rounds only', async () => {
  await using peer = startPeer('peer', {
    contributions: [best],
    best: { ...inventedLists(300), ...list(entry(best, 0.7)) },
  })
  await using grove = testNode([peer])
  const reports: Cid[][] = []

  for (let times = 0; times < 6; times++) reports.push((await grove.node.sync.round()).fetched)

  assert.deepEqual(reports.flat(), [best.cid])
})

test('metrics in which a grove publishes are looked at in each round', async () => {
  await using peer = startPeer('peer', {
    contributions: [best],
    best: { ...inventedLists(300), ...list(entry(best, 0.7)) },
  })
  await using grove = testNode([peer])
  await hold(grove, good)

  assert.deepEqual((await grove.node.sync.round()).fetched, [best.cid])
})

test('callers from other machines start few rounds, and get the latest report else', async () => {
  await using peer = startPeer('peer', { contributions: [best], best: list(entry(best, 0.7)) })
  await using grove = testNode([peer])
  const { sync } = grove.node
  const foreign = () => sync.round({ isForeign: true })
  const [first, second] = await Promise.all([foreign(), foreign()])
  assert.equal(second, first)
  const asked = () => peer.asked('GET /api/frontier?limit=1&kind=work')

  for (let times = 0; times < 9; times++) assert.ok((await foreign()).startedAt)
  assert.equal(asked(), 1 + 4)
  assert.equal(await foreign(), sync.lastReport)
  await sync.round()
  assert.equal(asked(), 1 + 4 + 1)
  await timeline.delay(5_000)
  await foreign()
  assert.equal(asked(), 1 + 4 + 2)
})

test('a round keeps to its budget of requests', async () => {
  const items = Array.from({ length: 10 }, (_, n) => scored(`item ${n}`, n))
  await using peer = startPeer('peer', {
    contributions: items,
    best: list(...items.map((item, n) => entry(item, n))),
  })
  await using grove = testNode([peer], { policy: { ...defaultPolicy, maxRequestsPerRound: 8 } })

  const report = await grove.node.sync.round()

  assert.equal(report.requests, 8)
  assert.ok(report.fetched.length > 0 && report.fetched.length < items.length)
  const best = items.slice(0, report.fetched.length).map(({ cid }) => cid)
  assert.deepEqual(report.fetched.toSorted(), best.toSorted())
})

test('a chunked artifact beyond the limit is left without blame', async () => {
  const bytes = someBytes(5_000, 9)
  const heavy = scored('heavy and old', 0.5, { 'big.bin': hashBytes(bytes) })
  const { cid, manifest } = heavy
  const bare = (status: number, body: Uint8Array) => ({ status, headers: {}, body })
  await using old = startPeer('old', {
    misbehave({ path }) {
      if (path === `/api/contributions/${cid}/artifacts/big.bin`) return bare(200, bytes)
      if (path !== `/api/contributions/${cid}`) return bare(404, Buffer.from('404 Not Found'))
      return bare(200, Buffer.from(JSON.stringify({ ...manifest, cid })))
    },
  })
  await using grove = testNode([old])

  await fetchRemoteContribution(grove.node, cid, { peer: old.address, maxBytes: 4_000 })

  assert.equal(await grove.node.blobs.stat(hashBytes(bytes)), undefined)
  assert.equal(grove.node.peers.record(old.address).failures, 0)
})

test('an announced item is fetched at once', async () => {
  await using peer = startPeer('peer', { contributions: [best] })
  await using grove = testNode([peer])

  grove.node.sync.noteAdvertised([
    { cid: best.cid, metric: 'loss', value: 0.7, direction: 'minimize', from: peer },
  ])

  await until('the announced work', () => grove.node.contributions.get(best.cid))
  assert.equal((await grove.node.contributions.get(best.cid))?.provenance.peerId, 'peer')
})

test('the best that the policy wants is completed, if not the best of all', async () => {
  const bytes = someBytes(50, 5)
  const tagged = work('tagged', {
    tags: ['text'],
    scores: { loss: { value: 0.95, direction: 'minimize' } },
    artifacts: { a: hashBytes(bytes) },
  })
  await using peer = startPeer('peer', {
    contributions: [tagged],
    blobs: [bytes],
    best: list({ ...entry(tagged, 0.95), tags: ['text'] }),
  })
  await using grove = testNode([peer], {
    policy: { ...defaultPolicy, topK: 1, tags: ['text', 'code'], kinds: ['work', 'plan'] },
  })
  for (const item of [best, tagged]) await hold(grove, item)

  const report = await grove.node.sync.round()

  assert.deepEqual(report.fetched, [tagged.cid])
  assert.equal((await grove.node.blobs.stat(hashBytes(bytes)))?.sizeBytes, 50)
  assert.equal(peer.asked('kinds=work%2Cplan&tags=text%2Ccode'), peer.asked('/api/federation/best'))
})

test('a later round fetches a stub', async () => {
  const child = work('child', {
    relations: [{ targetCid: best.cid, relationType: 'derives_from' }],
  })
  await using first = startPeer('first', { contributions: [child] })
  await using second = startPeer('second', { contributions: [best] })
  await using grove = testNode([first, second])
  await fetchRemoteContribution(grove.node, child.cid, { peer: 'first' })

  await grove.node.sync.round()

  assert.deepEqual(await grove.node.contributions.missing([best.cid]), [])
  assert.deepEqual(await grove.node.stubs.stubs(10), [])
})

test('bytes that came in vain are counted against the budget and reported', async () => {
  const bytes = someBytes(60_000, 4)
  const cut = scored('cut', 0.4, { 'model.bin': hashBytes(bytes) })
  await using peer = startPeer('peer', {
    contributions: [cut, best],
    blobs: [bytes],
    best: list(entry(cut, 0.4, 60_000), entry(best, 0.7)),
    misbehave: ({ path }) => {
      if (!path.startsWith('/api/blobs/')) return undefined
      async function* body() {
        yield bytes.subarray(0, 30_000)
        throw Object.assign(new Error('cut'), { code: 'ECONNRESET' })
      }
      return { ...bytesAnswer(bytes), body: body() }
    },
  })
  await using grove = testNode([peer])

  const report = await grove.node.sync.round()

  const { address } = peer
  assert.deepEqual(report.failed, [{ cid: cut.cid, reason: 'fetch-incomplete', address }])
  assert.ok(report.bytesMoved >= 30_000, `${report.bytesMoved} bytes`)
})
