import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GroveEvent } from '../../../src/core/wire/events.ts'
import { admit } from '../../../src/node/admit.ts'
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

/** The events of a grove, as they come. */
function eventsOf(events: AsyncIterable<GroveEvent>): GroveEvent[] {
  const seen: GroveEvent[] = []
  void (async () => {
    for await (const event of events) seen.push(event)
  })()
  return seen
}

test('a review that a round of evidence brings is told to subscribers and counted', async () => {
  await using peer = startPeer('peer', { contributions: [good, review], best })
  await using grove = testNode([peer])
  const seen = eventsOf(grove.node.events.subscribe(grove.node.closing))
  await admit(grove.node, good, { origin: 'local', receivedAt: grove.node.clock.now() })

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
