import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ErrorCode, GroveError } from '../../../src/core/errors.ts'
import { syncRound } from '../../../src/node/sync/sync.ts'
import { MemoryGraph } from '../../../src/stores/memory/graph.ts'
import { work } from '../../support/peer.ts'
import { virtualWorld } from '../../support/world.ts'

const { startPeer, testNode } = virtualWorld()

class FailingGraph extends MemoryGraph {
  readonly #code: ErrorCode

  constructor(code: ErrorCode) {
    super()
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
  test(`a store that answers ${code} ends the round, and no peer is charged for it`, async () => {
    await using peer = startPeer('peer', { contributions: items, best: { loss } })
    await using grove = testNode([peer], { ports: { graph: new FailingGraph(code) } })

    await assert.rejects(syncRound(grove.node), { code })
    await assert.rejects(syncRound(grove.node), { code })

    assert.ok(peer.asked('GET /api/gossip/contribution/') <= 8)
    assert.equal(grove.node.peers.record(peer.address).failures, 0)
  })
}
