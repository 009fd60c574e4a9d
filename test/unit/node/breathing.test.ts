import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ReadContext } from '../../../src/node/context.ts'
import { thread } from '../../../src/node/read/thread.ts'
import { streamClosure } from '../../../src/node/serve/closure.ts'
import { seeded } from '../../../src/runtime/random.ts'
import { memoryStores } from '../../../src/stores/memory/open.ts'
import { local, relation, sample } from '../../conformance/samples.ts'

/** A grove with a work and 20 replies to it, and how often it breathed. */
async function conversation() {
  const { graph } = memoryStores(seeded(1))
  const root = sample({ summary: 'root' })
  const replies = Array.from({ length: 20 }, (_, n) =>
    sample({
      kind: 'discussion',
      summary: `reply ${n}`,
      relations: [relation('responds_to', root.cid), relation('reviews', root.cid)],
    }),
  )
  for (const contribution of [root, ...replies]) await graph.put(contribution, local())
  let breaths = 0
  const node = {
    contributions: graph,
    index: graph,
    breathe: () => {
      breaths++
      return undefined
    },
  } as unknown as ReadContext
  return { node, root, breaths: () => breaths }
}

test('a walk through a thread breathes at each reply', async () => {
  const { node, root, breaths } = await conversation()

  await thread(node, root.cid, { maxDepth: 5, limit: 100 })

  assert.ok(breaths() >= 20)
})

test('a closure breathes at each contribution', async () => {
  const { node, root, breaths } = await conversation()
  let lines = 0

  for await (const _ of streamClosure(node, { cid: root.cid, evidence: true })) lines++

  assert.ok(lines >= 20)
  assert.ok(breaths() >= 20)
})
