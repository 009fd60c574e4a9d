import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bytesAnswer } from '../../../sim/network/http.ts'
import type { Contribution } from '../../../src/core/contribution/contribution.ts'
import { GroveError } from '../../../src/core/errors.ts'
import { recordLine } from '../../../src/core/wire/closure.ts'
import type { GroveEvent } from '../../../src/core/wire/events.ts'
import { admit, admitAll } from '../../../src/node/admit.ts'
import { fetchRemoteContribution } from '../../../src/node/fetch/fetch.ts'
import { seeded } from '../../../src/runtime/random.ts'
import { MemoryGraph } from '../../../src/stores/memory/graph.ts'
import { work } from '../../support/peer.ts'
import { virtualWorld } from '../../support/world.ts'

const { startPeer, testNode, until } = virtualWorld()
const good = work('good')
const review = work('review', {
  kind: 'review',
  relations: [{ targetCid: good.cid, relationType: 'reviews' }],
})
const entry = {
  cid: good.cid,
  value: 1,
  kind: 'work',
  tags: [],
  manifestBytes: 300,
  artifactBytes: 0,
  evidence: 'of the review',
}
const best = {
  _review_score: { dimension: '_review_score', direction: 'maximize', entries: [entry] },
}

/** Collects the events of a grove. */
function eventsOf(events: AsyncIterable<GroveEvent>): GroveEvent[] {
  const seen: GroveEvent[] = []
  void (async () => {
    for await (const event of events) seen.push(event)
  })()
  return seen
}

test('a review from a round of evidence is published to subscribers', async () => {
  await using peer = startPeer('peer', { contributions: [good, review], best })
  await using grove = testNode([peer])
  const seen = eventsOf(grove.node.events.subscribe(grove.node.closing))
  await admit(grove.node, {
    contribution: good,
    provenance: { origin: 'local', receivedAt: grove.node.clock.now() },
  })

  await grove.node.sync.round()

  const stored = () => seen.filter((event) => event.type === 'contribution')
  await until('both events', () => stored().length === 2)
  assert.deepEqual(
    stored().map(({ cid, source }) => [cid, source]),
    [
      [good.cid, { local: true }],
      [review.cid, { peerId: peer.peerId, address: peer.address, local: false }],
    ],
  )
  assert.deepEqual(grove.node.counters.stored, { local: 1, peer: 1 })
})

test('attestations that come with a closure reach admission, and are not kept', async () => {
  const attestations = [{ version: 1, peerId: 'ed25519:00' }]
  const admitted: unknown[] = []
  class Watched extends MemoryGraph {
    override put(...[item, provenance]: Parameters<MemoryGraph['put']>) {
      admitted.push([item.cid, item.attestations])
      return super.put(item, provenance)
    }
  }
  const line = recordLine({ bytes: review.bytes, attestations })
  const trailer = '\n{"trailer":{"sent":1,"bytes":1,"missing":[]}}\n'
  const closure = bytesAnswer(Buffer.concat([line, Buffer.from(trailer)]), {
    'grove-closure': 'records-1',
  })
  await using peer = startPeer('peer', {
    contributions: [good],
    misbehave: ({ path }) => (path === '/api/federation/closure' ? closure : undefined),
  })
  await using grove = testNode([peer], { ports: { graph: new Watched(seeded(1)) } })

  await fetchRemoteContribution(grove.node, good.cid)

  assert.deepEqual(admitted, [
    [good.cid, []],
    [review.cid, attestations],
  ])
  assert.deepEqual((await grove.node.contributions.get(review.cid))?.attestations, [])
})

class HalfFull extends MemoryGraph {
  override async put(...[item, provenance]: Parameters<MemoryGraph['put']>) {
    if (item.cid === review.cid) throw new GroveError('storage-full')
    return super.put(item, provenance)
  }
}

test('items admitted before a failure are handed to gossip nevertheless', async () => {
  const handedOver: unknown[] = []
  const failing = {
    contributions: new HalfFull(seeded(1)),
    counters: { stored: { local: 0, peer: 0 } },
    events: { stored() {} },
    signing: undefined,
    origins: new MemoryGraph(seeded(1)).origins,
    closing: new AbortController().signal,
    track: <T>(work: Promise<T>) => work,
    stored: (stored: readonly Contribution[]) =>
      void handedOver.push(...stored.map(({ cid }) => cid)),
    moved() {},
  }
  const provenance = { origin: 'local', receivedAt: 0 } as const

  const admitted = admitAll(
    failing,
    [good, review].map((contribution) => ({ contribution, provenance })),
  )

  await assert.rejects(admitted, { code: 'storage-full' })
  assert.deepEqual(handedOver, [good.cid])
  assert.equal(failing.counters.stored.local, 1)
})
