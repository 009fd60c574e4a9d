import assert from 'node:assert/strict'
import { test } from 'node:test'
import { probe, promisers } from '../../../../src/node/peers/providers.ts'
import { work } from '../../../support/peer.ts'
import { testNode } from '../../../support/test-node.ts'
import { virtualWorld } from '../../../support/world.ts'

test('the peers that promised a stub are found, however many older stubs there are', async () => {
  await using grove = testNode([{ peerId: 'peer', address: 'http://127.0.0.1:9' }])
  for (let n = 0; n < 1_001; n++)
    await grove.node.stubs.putStub(work(`older ${n}`).cid, ['other'], n)
  const { cid } = work('youngest')
  await grove.node.stubs.putStub(cid, ['peer'], 2_000)

  const found = await promisers(grove.node, cid)

  assert.deepEqual(
    found.map(({ peerId }) => peerId),
    ['peer'],
  )
})

test('when a peer says that it holds something, those that are silent are not waited for', async () => {
  const world = virtualWorld()
  const item = work('sought')
  await using started = new AsyncDisposableStack()
  const silent = Array.from({ length: 7 }, (_, n) =>
    started.use(world.startPeer(`silent-${n}`, { misbehave: () => new Promise(() => {}) })),
  )
  await using holder = world.startPeer('holder', { contributions: [item] })
  await using grove = world.testNode([...silent, holder])
  const begunAt = world.timeline.now

  const found = await probe(grove.node, item.cid, [], { signal: grove.node.closing })

  assert.deepEqual(
    found.map(({ peerId }) => peerId),
    ['holder'],
  )
  assert.ok(world.timeline.now - begunAt < 1_000, `${world.timeline.now - begunAt} ms`)
})
