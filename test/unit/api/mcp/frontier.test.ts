import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js'
import { localClient } from '../../../../src/api/client/local-client.ts'
import { serveMcp } from '../../../../src/api/mcp/serve.ts'
import type { Score } from '../../../../src/core/contribution/schema.ts'
import type { FrontierAnswer } from '../../../../src/core/wire/frontier.ts'
import { silentLog } from '../../../../src/ports/log.ts'
import { relation, sample } from '../../../conformance/samples.ts'
import { hold, testNode } from '../../../support/test-node.ts'

test('the best that a tool tells is the best work, unless another kind is asked for', async () => {
  await using holder = testNode()
  const scores = (value: number): Record<string, Score> => ({
    loss: { value, direction: 'minimize' },
  })
  const work = sample({ scores: scores(1) })
  const relations = [relation('reviews', work.cid)]
  const review = sample({ kind: 'review', relations, scores: scores(0.5) })
  for (const item of [work, review]) await hold(holder, item)
  const [ours, theirs] = InMemoryTransport.createLinkedPair()
  const grove = localClient(holder.node)
  await serveMcp({ grove, agent: { agentId: 'a' }, log: silentLog, files: { roots: [] } }, ours)
  const client = new Client({ name: 'test', version: '1' })
  await client.connect(theirs)
  const best = async (input: object) => {
    const result = await client.callTool({ name: 'grove_frontier', arguments: { ...input } })
    const [{ text }] = result.content as [{ text: string }]
    const { byMetric } = JSON.parse(text) as FrontierAnswer
    return byMetric['loss']?.map(({ cid }) => cid)
  }

  assert.deepEqual(await best({}), [work.cid])
  assert.deepEqual(await best({ kind: 'review' }), [review.cid])
  await client.close()
})
