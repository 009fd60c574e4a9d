import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultPolicy } from '../../../../src/core/policy.ts'
import { type Log, silentLog } from '../../../../src/ports/log.ts'
import { work } from '../../../support/peer.ts'
import { virtualWorld } from '../../../support/world.ts'

const { startPeer, testNode } = virtualWorld()

test('a dimension to sync in which neither peers nor the grove have anything is told once', async () => {
  const held = work('held', { scores: { acc: { value: 1, direction: 'maximize' } } })
  await using peer = startPeer('peer', {
    contributions: [],
    best: {
      nope: { dimension: 'nope', direction: 'maximize', entries: [] },
      acc: { dimension: 'acc', direction: 'maximize', entries: [] },
      _recency: { dimension: '_recency', direction: 'maximize', entries: [] },
    },
  })
  const warned: unknown[] = []
  const log: Log = { ...silentLog, warn: (_, fields) => warned.push(fields?.['dimension']) }
  const policy = { ...defaultPolicy, dimensions: ['nope', 'acc', '_recency'] }
  await using grove = testNode([peer], { policy, ports: { log } })
  await grove.node.contributions.put(held, { origin: 'local', receivedAt: 0 })

  await grove.node.sync.round()
  await grove.node.sync.round()

  assert.deepEqual(warned, ['nope'])
})
