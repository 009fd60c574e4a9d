import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ApiAnswerer } from '../../../../src/api/answer/answerer.ts'
import { memoryRequest } from '../../../../src/api/answer/request.ts'
import { work } from '../../../support/peer.ts'
import { virtualWorld } from '../../../support/world.ts'

const { startPeer, testNode } = virtualWorld()

test('from another machine only a known peer may be named for a fetch', async () => {
  const [held, other] = [work('held'), work('other')]
  await using seed = startPeer('seed', { contributions: [held, other] })
  await using stranger = startPeer('stranger', { contributions: [other] })
  await using grove = testNode([seed])
  const answerer = new ApiAnswerer(grove.node)
  const fetchFrom = async (peer: string, cid: string, remote: string) => {
    const request = memoryRequest({
      method: 'POST',
      target: `/api/contributions/${cid}/fetch`,
      headers: { 'content-type': 'application/json', host: 'localhost' },
      body: JSON.stringify({ peer }),
      remote,
    })
    return (await answerer.answer(request)).response.status
  }

  assert.equal(await fetchFrom(stranger.address, other.cid, '8.0.0.1'), 403)
  assert.equal(stranger.asked(''), 0)
  assert.equal(await fetchFrom(seed.address, held.cid, '8.0.0.1'), 200)
  assert.equal(await fetchFrom(stranger.address, other.cid, '::ffff:127.0.0.1'), 200)
})
