import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gossipAnswer } from '../../../support/gossip.ts'
import { addressOf, virtualWorld } from '../../../support/world.ts'

const { startPeer, testNode, until } = virtualWorld()

for (const [kind, most] of [
  ['exchange', 4],
  ['shuffle', 1],
] as const) {
  test(`a peer that is slow to answer has ${most} at most to do of ${kind}, whatever the pace`, async () => {
    const slow = { peerId: 'slow', address: addressOf('slow') }
    await using grove = testNode([slow], { reachable: true, gossipIntervalMs: 100 })
    const path = `/api/gossip/${kind}`
    let [underWay, peak] = [0, 0]
    await using seed = startPeer('slow', {
      misbehave: async (request) => {
        if (request.path === path) {
          underWay += 1
          peak = Math.max(peak, underWay)
          await grove.node.clock.sleep(10_000)
          underWay -= 1
        }
        return gossipAnswer(slow, [], request.path)
      },
    })
    await grove.node.start()
    await until('some answers', () => seed.asked(path) > 3 * most)

    assert.equal(peak, most)
  })
}
