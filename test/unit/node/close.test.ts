import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PeerAddress } from '../../../src/core/peers/peer.ts'
import { admit } from '../../../src/node/admit.ts'
import type { Provenance } from '../../../src/ports/contribution-store.ts'
import { seeded } from '../../../src/runtime/random.ts'
import { MemoryGraph } from '../../../src/stores/memory/graph.ts'
import { work } from '../../support/peer.ts'
import { virtualWorld } from '../../support/world.ts'

const { startPeer, testNode, timeline, until } = virtualWorld()

/** A slow store that counts the puts that have begun and ended. */
class SlowGraph extends MemoryGraph {
  begun = 0
  ended = 0

  override async put(...args: Parameters<MemoryGraph['put']>): Promise<'added' | 'present'> {
    this.begun += 1
    await timeline.delay(1_000)
    const outcome = await super.put(...args)
    this.ended += 1
    return outcome
  }
}

const items = Array.from({ length: 20 }, (_, n) =>
  work(`item ${n}`, { scores: { loss: { value: n, direction: 'minimize' } } }),
)
const advertisementsOf = (from: PeerAddress) =>
  items.map(({ cid }, value) => ({
    cid,
    value,
    metric: 'loss',
    direction: 'minimize' as const,
    from,
  }))

test('the puts of an announced round are done when close resolves', async () => {
  const graph = new SlowGraph(seeded(1))
  await using peer = startPeer('peer', { contributions: items })
  await using grove = testNode([peer], { ports: { graph } })
  grove.node.sync.noteAdvertised(advertisementsOf(peer))
  await until('something to be stored', () => graph.begun > 0)

  await grove.node.close()

  const { begun, ended } = graph
  assert.ok(begun > 0 && begun < items.length)
  assert.equal(ended, begun)
  assert.equal(await graph.count(), ended)
  await timeline.delay(60_000)
  assert.equal(graph.begun, begun)
})

test('a closing grove stores nothing more, for any caller', async () => {
  const graph = new SlowGraph(seeded(1))
  const local: Provenance = { origin: 'local', receivedAt: 0 }
  await using grove = testNode([], { ports: { graph } })
  const first = admit(grove.node, { contribution: items[0]!, provenance: local })

  const closed = grove.node.close()

  await assert.rejects(admit(grove.node, { contribution: items[1]!, provenance: local }), {
    code: 'shutting-down',
  })
  await closed
  assert.equal(graph.ended, 1)
  assert.equal(await first, 'added')
})

test('an item announced just before a grove closes is not fetched', async () => {
  await using peer = startPeer('peer', { contributions: items })
  await using grove = testNode([peer])
  grove.node.sync.noteAdvertised(advertisementsOf(peer))

  await grove.node.close()

  await timeline.delay(60_000)
  assert.deepEqual(peer.requests, [])
})

test('the failure of a background task is logged under its name', async () => {
  const logged: unknown[] = []
  const log = {
    debug() {},
    info() {},
    warn() {},
    error: (message: string, fields?: object) => void logged.push([message, fields]),
  }
  await using grove = testNode([], { ports: { log } })
  const err = new Error('no')

  grove.node.spawn('errand', () => Promise.reject(err))
  await timeline.delay(1)

  assert.deepEqual(logged, [['errand failed', { err }]])
})
