import assert from 'node:assert/strict'
import { test } from 'node:test'
import { putAll, sample } from '../../conformance/samples.ts'
import { temporaryStores } from '../../conformance/temporary.ts'

/** A contribution in several dimensions, with a manifest that is far larger than its places. */
const bulky = (n: number) =>
  sample({
    summary: `bulky ${n}`,
    description: 'long '.repeat(10_000),
    tags: ['ml'],
    scores: Object.fromEntries(
      ['a', 'b', 'c'].map((metric) => [metric, { value: n, direction: 'minimize' as const }]),
    ),
  })

test('what rankings tell of a manifest is parsed once, and nothing else of it', async (context) => {
  await using opened = await temporaryStores()
  const { graph } = opened.stores
  await putAll(graph, [1, 2, 3].map(bulky))
  const parse = context.mock.method(JSON, 'parse')

  const first = await graph.frontier({ limit: 10 })
  const second = await graph.frontier({ limit: 10 })
  const filtered = await graph.frontier({ limit: 10, tags: ['ml'] })

  const texts = parse.mock.calls.map(({ arguments: [text] }) => text)
  assert.equal(texts.filter((text) => text.includes('bulky')).length, 3)
  assert.deepEqual(
    texts.filter((text) => text.length > 10_000),
    [],
  )
  assert.equal(first.length, 4)
  assert.deepEqual(second, first)
  assert.deepEqual(filtered, first)
})
