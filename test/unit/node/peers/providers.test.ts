import assert from 'node:assert/strict'
import { test } from 'node:test'
import { promisers } from '../../../../src/node/peers/providers.ts'
import { work } from '../../../support/peer.ts'
import { testNode } from '../../../support/test-node.ts'

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
