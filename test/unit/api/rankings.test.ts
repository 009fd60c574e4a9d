import assert from 'node:assert/strict'
import { test } from 'node:test'
import { localClient } from '../../../src/api/client/local-client.ts'
import { rankingNamed, requireMetric, shownName } from '../../../src/api/client/rankings.ts'
import { signalNamed } from '../../../src/core/ranking/frontier.ts'
import { withCode } from '../../support/errors.ts'
import { plainDraft } from '../../support/http.ts'
import { testNode } from '../../support/test-node.ts'

test('a metric in which nothing ranks is refused with the names that there are', async () => {
  await using holder = testNode()
  const grove = localClient(holder.node)
  const scores = { acc: { value: 0.9, direction: 'maximize' as const } }
  await grove.publish({ ...plainDraft, scores })
  const check = (metric: string) => requireMetric(grove, { metric }, {})

  await check('acc')
  await check('adoption')
  await check('_adoption')
  await assert.rejects(
    check('accc'),
    withCode('not-found', 'metrics are acc; signals are adoption'),
  )
  await assert.rejects(
    requireMetric(grove, { metric: 'acc', kind: 'review' }, {}),
    withCode('not-found', 'there are no metrics yet'),
  )
})

test('a ranking is named by its metric, else by the signal, with or without underscore', async () => {
  await using holder = testNode()
  const grove = localClient(holder.node)
  const score = { value: 1, direction: 'maximize' as const }
  const { cid } = await grove.publish({ ...plainDraft, scores: { review: score } })

  const frontier = await grove.frontier({})
  const cids = (name: string) => rankingNamed(frontier, name).map((entry) => entry.cid)

  assert.deepEqual([cids('review'), cids('_review_score'), cids('recency')], [[cid], [], [cid]])
  assert.deepEqual(
    [signalNamed('toString'), signalNamed('reproduction')],
    [undefined, '_reproduction'],
  )
  assert.deepEqual([shownName('_review_score'), shownName('acc')], ['review', 'acc'])
})
