import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Contribution } from '../../../../src/core/contribution/contribution.ts'
import type { Relation, RelationType } from '../../../../src/core/contribution/schema.ts'
import { likelyProviders } from '../../../../src/node/peers/providers.ts'
import { children } from '../../../../src/node/read/lists.ts'
import { standingOf } from '../../../../src/node/read/queries.ts'
import { thread } from '../../../../src/node/read/thread.ts'
import { work } from '../../../support/peer.ts'
import { hold, type TestNode, testNode } from '../../../support/test-node.ts'

const target = work('the work')
const honest = { peerId: 'honest', address: 'http://127.0.0.1:2' }
const relation = (relationType: RelationType, metadata: Relation['metadata'] = {}): Relation => ({
  targetCid: target.cid,
  relationType,
  metadata,
})

const bring = ({ node }: TestNode, item: Contribution, from: typeof honest) =>
  node.contributions.put(item, { origin: 'peer', receivedAt: node.clock.now(), ...from })

/** A grove with the work, and `count` contributions about it from one host, all with low cids. */
async function floodedGrove(count: number, relations: Relation[]): Promise<TestNode> {
  const grove = testNode()
  await hold(grove, target)
  for (let n = 0, held = 0; held < count; n++) {
    const minted = work(`minted ${n}`, { relations })
    if (minted.cid > 'blake3:f8') continue
    held += 1
    await bring(grove, minted, { peerId: 'flood', address: 'http://127.0.0.1:1' })
  }
  return grove
}

/** One with a high cid, after those of the flood. */
function late(relations: Relation[]): Contribution {
  for (let n = 0; ; n++) {
    const found = work(`late ${n}`, { relations })
    if (found.cid > 'blake3:f8') return found
  }
}

test('no flood from one host hides what others say about a work', async () => {
  await using grove = await floodedGrove(10_000, [relation('adopts')])
  const challenge = late([relation('reproduces', { result: 'failed' })])
  const successor = late([relation('derives_from', { relationship: 'supersedes' })])
  await bring(grove, challenge, honest)
  const challenged = await standingOf(grove.node, target.cid)
  await bring(grove, successor, honest)

  const { lifecycle, belief } = await standingOf(grove.node, target.cid)
  const { rows } = await children(grove.node, target.cid, { limit: 10_000 })
  const found = new Set(rows.map(({ cid }) => cid))

  assert.deepEqual([challenged.lifecycle, lifecycle], ['challenged', 'superseded'])
  assert.match(belief.why, /challenged 1×/)
  assert.deepEqual([found.has(challenge.cid), found.has(successor.cid)], [true, true])
  assert.equal(found.size, 10_000)
})

test('replies of several hosts take turns in a thread', async () => {
  await using grove = await floodedGrove(40, [relation('responds_to')])
  const reply = late([relation('responds_to')])
  await bring(grove, reply, honest)

  const { rows } = await thread(grove.node, target.cid, { maxDepth: 1, limit: 3 })

  assert.equal(rows[2]?.row.cid, reply.cid)
})

test('whoever sent what names a contribution is asked for it, however much another sent', async () => {
  await using grove = await floodedGrove(40, [relation('reviews'), relation('responds_to')])
  await bring(grove, late([relation('adopts')]), honest)

  const found = await likelyProviders(grove.node, target.cid)

  assert.deepEqual(
    found.map(({ peerId }) => peerId),
    ['flood', 'honest'],
  )
})
