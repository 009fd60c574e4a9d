import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import type { Contribution } from '../../../src/core/contribution/contribution.ts'
import type { Filter } from '../../../src/core/wire/frontier.ts'
import { Connection } from '../../../src/stores/sqlite/database/connection.ts'
import { searchIds } from '../../../src/stores/sqlite/reader/search.ts'
import { UNWATCHED } from '../../../src/stores/sqlite/reader/watch.ts'
import { Writer } from '../../../src/stores/sqlite/writer/writer.ts'
import { local, sample } from '../../conformance/samples.ts'
import { temporaryDirectory } from '../../support/folder.ts'

/** Contributions that have a word, up to which it is rare here. */
const COMMON_ROWS = 10

interface Asked {
  readonly filter?: Filter
  readonly limit?: number
}

/** Searches a database with these contributions; what is found, by their numbers from 0 on. */
async function searching(test: TestContext, items: readonly Contribution[]) {
  const temporary = await temporaryDirectory()
  const file = join(temporary.dir, 'grove.db')
  const writer = new Writer(file)
  writer.commit(
    items.map(({ cid, bytes }) => ({
      type: 'put-contribution',
      cid,
      bytes,
      provenance: local(),
    })),
  )
  writer.close()
  const connection = new Connection(file)
  test.after(async () => {
    connection.close()
    await temporary[Symbol.asyncDispose]()
  })
  return (text: string, { filter = {}, limit = 1_000 }: Asked = {}) => {
    const search = { text, filter, limit, commonRows: COMMON_ROWS }
    const { ids, isBounded } = searchIds(connection, search, UNWATCHED)
    return { found: ids.map((id) => id - 1), isBounded }
  }
}

/** Every third is tagged, every tenth has the rare word: the later, the longer its text is. */
const graph = Array.from({ length: 60 }, (_, n) =>
  sample({
    summary: `common usual ${n % 10 === 0 ? 'rare' : ''} n${n}`,
    description: 'filler '.repeat(n),
    tags: n % 3 === 0 ? ['third'] : [],
  }),
)

test('a rare word ranks what is found, whatever common words stand beside it', async (context) => {
  const search = await searching(context, graph)

  assert.deepEqual(search('rare'), { found: [0, 10, 20, 30, 40, 50], isBounded: false })
  assert.deepEqual(search('common rare'), { found: [0, 10, 20, 30, 40, 50], isBounded: true })
  assert.deepEqual(search('rare usual common', { limit: 2 }), { found: [0, 10], isBounded: true })
  assert.deepEqual(search('common rare', { filter: { tags: ['third'] } }), {
    found: [0, 30],
    isBounded: true,
  })
  assert.deepEqual(search('rare fill* n40'), { found: [40], isBounded: true })
})

test('where all words are common, the newest are found first', async (context) => {
  const search = await searching(context, graph)

  assert.deepEqual(search('common usual', { limit: 3 }), { found: [59, 58, 57], isBounded: true })
  assert.deepEqual(search('com*', { limit: 2, filter: { tags: ['third'] } }), {
    found: [57, 54],
    isBounded: true,
  })
  assert.deepEqual(search('common nothing'), { found: [], isBounded: true })
})

const word = fc.constantFrom('a', 'b', 'c', 'd', 'e')

test('a search finds what has all its words, and says whether one of them is common', async (context) => {
  const texts = fc.sample(fc.uniqueArray(word, { maxLength: 4 }), { numRuns: 60, seed: 5 })
  const items = texts.map((text, n) => sample({ summary: `${text.join(' ')} n${n}` }))
  const search = await searching(context, items)
  const having = (asked: (typeof texts)[number]) =>
    texts.flatMap((text, n) => (asked.every((term) => text.includes(term)) ? [n] : []))

  fc.assert(
    fc.property(fc.uniqueArray(word, { minLength: 1 }), (asked) => {
      const { found, isBounded } = search(asked.join(' '))

      assert.deepEqual(
        found.toSorted((a, b) => a - b),
        having(asked),
      )
      assert.equal(
        isBounded,
        asked.some((term) => having([term]).length > COMMON_ROWS),
      )
    }),
  )
})
