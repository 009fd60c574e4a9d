import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { test } from 'node:test'
import { syncRound } from '../../../src/node/sync/sync.ts'
import { testNode } from '../../support/context.ts'
import { startPeer, work } from '../../support/peer.ts'
import { until } from '../../support/until.ts'

const item = work('good', { scores: { loss: { value: 0.9, direction: 'minimize' } } })
const entry = {
  cid: item.cid,
  value: 0.9,
  kind: 'work',
  tags: [],
  manifestBytes: 300,
  artifactBytes: 0,
}

test('a round skips an item that another round is fetching, and wants it again once that has ended', async () => {
  const waiting: ServerResponse[] = []
  const best = { loss: { dimension: 'loss', direction: 'minimize', entries: [entry] } }
  await using slow = await startPeer('slow', {
    best,
    misbehave: (request, response) =>
      request.url?.startsWith('/api/gossip/contribution/') === true && waiting.push(response) > 0,
  })
  await using other = await startPeer('other', { contributions: [item], best })
  await using grove = testNode([slow, other])
  const first = syncRound(grove.node, { peers: [slow] })
  await until('the fetch', () => waiting.length > 0)

  const second = await syncRound(grove.node, { peers: [other] })
  for (const response of waiting) response.destroy()
  const { failed } = await first
  grove.node.sync.backoff.settled(item.cid)
  const third = await syncRound(grove.node, { peers: [other] })

  assert.deepEqual(second.fetched, [])
  assert.deepEqual(second.skipped, [{ cid: item.cid, reason: 'under-way' }])
  assert.deepEqual(failed, [{ cid: item.cid, reason: 'peer-unreachable' }])
  assert.deepEqual(third.fetched, [item.cid])
})
