import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HttpAnswer, HttpRequest } from '../../../../sim/network/http.ts'
import { withCode } from '../../../support/errors.ts'
import { work } from '../../../support/peer.ts'
import { virtualWorld } from '../../../support/world.ts'

const { startPeer, testNode, timeline, until } = virtualWorld()
const MANIFESTS = '/api/gossip/contribution/'
const item = work('item', { scores: { loss: { value: 1, direction: 'minimize' } } })
const holdings = {
  contributions: [item],
  best: {
    loss: {
      dimension: 'loss',
      direction: 'minimize',
      entries: [
        {
          ...{ cid: item.cid, value: 1, kind: 'work', tags: [] },
          ...{ manifestBytes: 300, artifactBytes: 0 },
        },
      ],
    },
  },
}

/** Refuses so many requests for manifests, and says when to come again. */
function busyFor(times: number, retryAfter: string) {
  let refused = 0
  return ({ path }: HttpRequest): HttpAnswer | undefined => {
    if (!path.includes(MANIFESTS) || refused++ >= times) return undefined
    const headers = { 'grove-protocol': '1', 'retry-after': retryAfter }
    return { status: 429, headers, body: Buffer.from('{}') }
  }
}

for (const [what, retryAfter] of [
  ['seconds', () => '1'],
  ['a date', () => new Date(timeline.now + 1_500).toUTCString()],
] as const)
  test(`a busy peer that says when to come again, by ${what}, is asked then, and not before`, async () => {
    await using peer = startPeer('peer', { ...holdings, misbehave: busyFor(1, retryAfter()) })
    await using grove = testNode([peer])
    const begun = timeline.now

    const [fetched, asked] = await Promise.all([
      grove.node.transport.manifest(peer, item.cid),
      grove.node.clock.sleep(100).then(() => grove.node.transport.holds(peer, item.cid)),
    ])

    assert.equal(Buffer.compare(fetched.bytes, item.bytes), 0)
    assert.equal(asked, true)
    assert.ok(timeline.now - begun >= 400, 'not before')
    assert.equal(peer.asked(MANIFESTS), 3)
  })

test('nobody waits long for a busy peer: it is left alone, and others are asked', async () => {
  await using busy = startPeer('busy', { ...holdings, misbehave: busyFor(1, '30') })
  await using grove = testNode([busy])
  const ask = () => grove.node.transport.manifest(busy, item.cid)

  await assert.rejects(ask(), withCode('busy'))
  await assert.rejects(ask(), withCode('busy', 'left alone for another 30 s'))
  assert.equal(busy.asked(MANIFESTS), 1)
  await grove.node.clock.sleep(30_000)
  await ask()

  await using never = startPeer('never', { ...holdings, misbehave: busyFor(9, '999999999') })
  await assert.rejects(grove.node.transport.manifest(never, item.cid), withCode('busy'))
  await grove.node.clock.sleep(60_000)
  await assert.rejects(grove.node.transport.manifest(never, item.cid), withCode('busy'))
  assert.equal(never.asked(MANIFESTS), 2, 'a minute is the most')
})

test('sync leaves what a busy peer offers until it wants to be asked, and holds it against nobody', async () => {
  await using peer = startPeer('peer', { ...holdings, misbehave: busyFor(1, '30') })
  await using grove = testNode([peer])
  const begun = timeline.now

  const first = await grove.node.sync.round()
  const second = await grove.node.sync.round()
  const asked = peer.asked(MANIFESTS)
  await until('the item', async () => {
    await grove.node.sync.round()
    return (await grove.node.contributions.missing([item.cid])).length === 0
  })

  const reasons = [first, second].flatMap(({ skipped }) => skipped.map(({ reason }) => reason))
  assert.deepEqual(new Set(reasons), new Set(['busy']))
  assert.deepEqual([...first.failed, ...second.failed], [])
  assert.equal(asked, 1)
  assert.ok(timeline.now - begun >= 30_000)
})
