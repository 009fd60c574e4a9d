import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashBytes } from '../../../../src/core/cid.ts'
import type { RelationType } from '../../../../src/core/contribution/schema.ts'
import { work } from '../../../support/peer.ts'
import { hold, testNode } from '../../../support/test-node.ts'

const target = work('the work')
const says = (summary: string, ...types: RelationType[]) =>
  work(summary, {
    relations: types.map((relationType) => ({ targetCid: target.cid, relationType })),
  })
/** As the protocol has it. */
const markOf = (cids: readonly string[]) =>
  hashBytes(Buffer.from([...new Set(cids)].sort().join(' '))).slice(7, 39)

for (const count of [0, 3, 500, 1_000, 1_300])
  test(`the fingerprint of ${count} pieces of evidence covers them all`, async () => {
    await using grove = testNode()
    const evidence = Array.from({ length: count }, (_, n) =>
      n % 3 === 0 ? says(`${n}`, 'reviews', 'adopts') : says(`${n}`, 'adopts'),
    )
    const reply = says('reply', 'responds_to')
    for (const item of [...evidence, reply]) await hold(grove, item)
    const cids = evidence.map(({ cid }) => cid)

    const { mark } = await grove.node.marks.evidence(target.cid)

    assert.equal(mark, markOf(cids))
    assert.equal((await grove.node.marks.about(target.cid)).mark, markOf([...cids, reply.cid]))
  })

test('a fingerprint is read again only where something was added', async () => {
  await using grove = testNode()
  await hold(grove, says('first', 'reviews'))
  const first = await grove.node.marks.evidence(target.cid)
  const again = await grove.node.marks.evidence(target.cid)
  await hold(grove, says('second', 'reviews'))
  const second = await grove.node.marks.evidence(target.cid)

  assert.deepEqual(
    [first, again, second].map(({ edgesRead }) => edgesRead),
    [1, 0, 2],
  )
  assert.equal(again.mark, first.mark)
  assert.notEqual(second.mark, first.mark)
})
