import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Contribution } from '../../../../src/core/contribution/contribution.ts'
import { GroveError } from '../../../../src/core/errors.ts'
import { facetsOfFilter } from '../../../../src/stores/filter.ts'
import { Connection } from '../../../../src/stores/sqlite/database/connection.ts'
import { Facets } from '../../../../src/stores/sqlite/reader/facets.ts'
import { LongReads } from '../../../../src/stores/sqlite/reader/long-reads.ts'
import { UNWATCHED } from '../../../../src/stores/sqlite/reader/watch.ts'
import { WordIndex } from '../../../../src/stores/sqlite/tables/word-index.ts'
import type { Job } from '../../../../src/stores/sqlite/writer/jobs.ts'
import { Writer } from '../../../../src/stores/sqlite/writer/writer.ts'
import { local, sample } from '../../../conformance/samples.ts'
import { directoryOfSchema } from '../../../conformance/temporary.ts'
import { temporaryDirectory } from '../../../support/folder.ts'

const put = ({ cid, bytes }: Contribution): Job => ({
  type: 'put-contribution',
  cid,
  bytes,
  provenance: local(),
})

test('a filter finds what came later, while a new word index is built and after it', async () => {
  await using temporary = await directoryOfSchema(1)
  const file = join(temporary.dir, 'grove.db')
  using writer = disposable(new Writer(file))
  using connection = disposable(new Connection(file, { isReader: true }))
  const reads = new LongReads(connection.it, UNWATCHED)
  const words = new WordIndex(connection.it)
  let expected = 2
  const grow = () => {
    // 40 of them: their bits are in more than one word of the bitmap.
    const jobs = Array.from({ length: 40 }, (_, n) =>
      put(sample({ summary: `${expected} ${n}`, tags: n % 2 === 0 ? ['ml'] : ['other'] })),
    )
    writer.it.commit(jobs)
    expected += 20
  }
  const tables = new Set<string>()
  const total = () => {
    tables.add(connection.it.read(() => words.table))
    const page = { limit: 1_000, offset: 0 }
    const found = reads.answer({ type: 'list', args: [{ tags: ['ml'] }, page] })
    assert.equal(found.ids.length, found.total)
    return found.total
  }

  for (let isMore = true; isMore; ) {
    assert.equal(total(), expected)
    if (expected < 100) grow()
    assert.equal(total(), expected)
    const [built] = writer.it.commit([{ type: 'build-words' }])
    isMore = built?.type === 'done' && built.changed
  }
  grow()

  assert.equal(total(), expected)
  assert.deepEqual([...tables], ['word', 'word_2'])
})

test('who is cancelled while a filter is read, and asks again, goes on from there', async () => {
  await using temporary = await temporaryDirectory()
  using connection = disposable(new Connection(join(temporary.dir, 'grove.db')))
  const rows = 200_000
  const [[facet = '']] = facetsOfFilter({ tags: ['most'] }) as [[string]]
  connection.it.write(() => {
    for (const sql of [
      `INSERT INTO word_2 (rowid, words, facets)
       WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers
         WHERE n < ${rows})
       SELECT n, 'a', '${facet}' FROM numbers`,
      `UPDATE log SET last_seq = ${rows}, contributions = ${rows}`,
      'UPDATE word_index SET version = 2',
    ])
      connection.it.sql(sql).run()
  })
  let left = 0
  const check = () => {
    if (left-- === 0) throw new GroveError('aborted')
  }
  const facets = new Facets(connection.it, { check })
  const ask = () => {
    left = 2
    try {
      return facets.matching({ tags: ['most'] })?.size
    } catch {
      return undefined
    }
  }

  const answers = [ask(), ask()]

  assert.deepEqual(answers, [undefined, rows])
})

function disposable<T extends { close(): void }>(it: T) {
  return { it, [Symbol.dispose]: () => it.close() }
}
