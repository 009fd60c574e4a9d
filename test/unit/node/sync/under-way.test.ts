import assert from 'node:assert/strict'
import { test } from 'node:test'
import { absentAnswer, type HttpAnswer } from '../../../../sim/network/http.ts'
import { work } from '../../../support/peer.ts'
import { virtualWorld } from '../../../support/world.ts'

const { startPeer, testNode, timeline, until } = virtualWorld()

const item = work('good', { scores: { loss: { value: 0.9, direction: 'minimize' } } })
const entry = {
  cid: item.cid,
  value: 0.9,
  kind: 'work',
  tags: [],
  manifestBytes: 300,
  artifactBytes: 0,
}
const best = { loss: { dimension: 'loss', direction: 'minimize', entries: [entry] } }
/** Longer than the first back-off. */
const BACKED_OFF_MS = 6_000

test('a round skips an item that is being fetched, until that has failed', async () => {
  const waiting: ((answer: HttpAnswer) => void)[] = []
  await using slow = startPeer('slow', {
    best,
    misbehave: ({ path }) =>
      path.startsWith('/api/gossip/contribution/')
        ? new Promise((resolve) => void waiting.push(resolve))
        : undefined,
  })
  await using other = startPeer('other', { contributions: [item], best })
  await using grove = testNode([slow, other])
  const { sync } = grove.node
  const first = sync.round({ peers: [slow] })
  await until('the fetch', () => waiting.length > 0)

  const second = await sync.round({ peers: [other] })
  for (const answer of waiting) answer(absentAnswer())
  const { failed } = await first
  await timeline.delay(BACKED_OFF_MS)
  const third = await sync.round({ peers: [other] })

  assert.deepEqual(second.fetched, [])
  assert.deepEqual(second.skipped, [{ cid: item.cid, reason: 'under-way' }])
  assert.deepEqual(failed, [{ cid: item.cid, reason: 'absent', address: slow.address }])
  assert.deepEqual(third.fetched, [item.cid])
})
