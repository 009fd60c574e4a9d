import assert from 'node:assert/strict'
import { test } from 'node:test'
import { localClient } from '../../../../src/api/client/local-client.ts'
import { hashBytes } from '../../../../src/core/cid.ts'
import { withCode } from '../../../support/errors.ts'
import { work } from '../../../support/peer.ts'
import { hold, testNode } from '../../../support/test-node.ts'

test('an id is whole without its prefix, and need not be known', async () => {
  await using holder = testNode()
  const grove = localClient(holder.node)
  const cid = hashBytes(Buffer.from('anything'))

  assert.deepEqual(await grove.resolveCid({ prefix: cid.slice('blake3:'.length) }), { cid })
  await assert.rejects(grove.resolveCid({ prefix: cid.slice(0, 20) }), withCode('not-found'))
})

test('the short ids that a grove prints of what it lacks can be used', async () => {
  await using holder = testNode()
  const grove = localClient(holder.node)
  const parent = hashBytes(Buffer.from('a parent elsewhere'))
  const relations = [{ targetCid: parent, relationType: 'derives_from' as const }]
  await hold(holder, work('child', { relations }))

  const resolved = await grove.resolveCid({ prefix: parent.slice(7, 19) })

  assert.equal(resolved.cid, parent)
})
