import assert from 'node:assert/strict'
import { test } from 'node:test'
import { never } from '../../../sim/engine/process.ts'
import { FEDERATING, type HttpAnswer } from '../../../sim/network/http.ts'
import { type ErrorCode, GroveError } from '../../../src/core/errors.ts'
import { seeded } from '../../../src/runtime/random.ts'
import { MemoryGraph } from '../../../src/stores/memory/graph.ts'
import { work } from '../../support/peer.ts'
import { addressOf, virtualWorld } from '../../support/world.ts'

const { startPeer, testNode, until } = virtualWorld()

class FailingGraph extends MemoryGraph {
  readonly #code: ErrorCode

  constructor(code: ErrorCode) {
    super(seeded(1))
    this.#code = code
  }

  override put(): Promise<never> {
    return Promise.reject(new GroveError(this.#code))
  }
}

const items = Array.from({ length: 20 }, (_, n) =>
  work(`item ${n}`, { scores: { loss: { value: n, direction: 'minimize' } } }),
)
const loss = {
  dimension: 'loss',
  direction: 'minimize',
  entries: items.map(({ cid }, value) => ({
    cid,
    value,
    kind: 'work',
    tags: [],
    manifestBytes: 300,
    artifactBytes: 0,
  })),
}

for (const code of ['read-only', 'storage-full', 'storage-failed', 'shutting-down'] as const) {
  test(`a store that fails with ${code} ends the round, and no peer is blamed`, async () => {
    await using peer = startPeer('peer', { contributions: items, best: { loss } })
    await using grove = testNode([peer], { ports: { graph: new FailingGraph(code) } })

    await assert.rejects(grove.node.sync.round(), { code })
    await assert.rejects(grove.node.sync.round(), { code })

    assert.ok(peer.asked('GET /api/gossip/contribution/') <= 8)
    assert.equal(grove.node.peers.record(peer.address).failures, 0)
  })
}

const gossips = { reachable: true, gossipIntervalMs: 1_000 }
const redirect: HttpAnswer = {
  status: 302,
  headers: { location: 'http://elsewhere.test' },
  body: Buffer.alloc(0),
}
const cutOff: HttpAnswer = {
  status: 200,
  headers: { ...FEDERATING, 'content-length': '1000' },
  body: Buffer.from('{'),
}

test('a seed that redirects gossip calls has failures in its record', async () => {
  await using seed = startPeer('seed', { misbehave: () => redirect })
  await using grove = testNode([seed], gossips)

  await grove.node.start()
  await until('some rounds', () => seed.asked('/api/gossip/exchange') >= 3)

  const { failures, lastError, trust } = grove.node.peers.record(seed.address)
  assert.ok(failures >= 3 && trust < 0.3)
  assert.equal(lastError?.code, 'peer-fault')
  assert.equal(
    lastError?.message,
    `${seed.address} answered with a redirect (302), which is not allowed`,
  )
})

for (const [what, misbehave] of [
  ['answers no gossip call in time', () => never<HttpAnswer>()],
  ['cuts its gossip off', () => cutOff],
] as const) {
  test(`a peer that ${what} is suspected, and its record is unchanged`, async () => {
    await using seed = startPeer('seed', { misbehave })
    await using grove = testNode([seed], gossips)

    await grove.node.start()
    await until('some rounds', () => seed.asked('/api/gossip/exchange') >= 3)
    await until('the suspicion', () => grove.node.gossip.peer('seed')?.status === 'suspected')

    assert.equal(grove.node.peers.record(seed.address).failures, 0)
  })
}

test('an unreachable peer is suspected, and its record is unchanged', async () => {
  const nowhere = { peerId: 'nowhere', address: addressOf('nowhere') }
  await using grove = testNode([nowhere], gossips)

  await grove.node.start()
  await until('the suspicion', () => grove.node.gossip.peer('nowhere')?.status === 'suspected')

  assert.equal(grove.node.peers.record(nowhere.address).failures, 0)
})
