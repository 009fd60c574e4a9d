import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { FrontierQuery } from '../../../../src/ports/graph-index.ts'
import { facetsOfFilter } from '../../../../src/stores/filter.ts'
import { Connection } from '../../../../src/stores/sqlite/database/connection.ts'
import { LongReads } from '../../../../src/stores/sqlite/reader/long-reads.ts'
import { temporaryDirectory } from '../../../support/folder.ts'

const ROWS = 20_000

/** Those that match are everywhere in the first, nowhere in the second, the last in the third. */
const METRICS = ['mixed', 'without', 'last']

/** A database without manifests: every hundredth row is tagged. */
async function reading() {
  const temporary = await temporaryDirectory()
  let looks = 0
  const alive = () => {
    looks++
  }
  const connection = new Connection(join(temporary.dir, 'grove.db'), { alive })
  const facets = facetsOfFilter({ tags: ['few'] }).flat()
  connection.write(() => {
    for (const sql of [
      `INSERT INTO contribution (id, cid, created_ms, ranked, origin, received_ms, manifest)
       WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers
         WHERE n < ${ROWS})
       SELECT n, randomblob(32), n, 3, 'local', 0, x'' FROM numbers`,
      `INSERT INTO word_2 (rowid, words, facets)
       SELECT id, 'a', iif(id % 100 = 7, '${facets}', '') FROM contribution`,
      ...METRICS.map(
        (metric, n) => `INSERT INTO dimension (id, metric, direction, kind, places)
         VALUES (${n + 1}, '${metric}', 'minimize', 'work', ${ROWS})`,
      ),
      'INSERT INTO place SELECT id, 1, (id * 7919) % 20011, cid FROM contribution',
      'INSERT INTO place SELECT id, 2, id, cid FROM contribution WHERE id % 100 <> 7',
      'INSERT INTO place SELECT id, 3, id + 100000 * (id % 100 = 7), cid FROM contribution',
      `UPDATE log SET last_seq = ${ROWS}, contributions = ${ROWS}`,
      'UPDATE word_index SET version = 2',
    ])
      connection.sql(sql).run()
  })
  const reads = new LongReads(connection, { check: alive })
  return {
    /** The row numbers, and how many rows were looked at for them. */
    best(query: Partial<FrontierQuery>) {
      looks = 0
      const answer = reads.answer({
        type: 'frontier',
        args: [{ tags: ['few'], limit: 10, ...query }],
      })
      return { ids: answer[0]?.ids ?? [], looks }
    },
    async [Symbol.asyncDispose]() {
      connection.close()
      await temporary[Symbol.asyncDispose]()
    },
  }
}

const reader = await reading()
after(() => reader[Symbol.asyncDispose]())

const few = Array.from({ length: ROWS / 100 }, (_, n) => 100 * n + 7)

test('where matches are everywhere in a metric, its first rows are enough', async () => {
  const rank = (id: number) => (id * 7_919) % 20_011

  const { ids, looks } = reader.best({ metric: 'mixed', dimensions: ['mixed'], limit: 2 })

  assert.deepEqual(ids, few.toSorted((a, b) => rank(a) - rank(b)).slice(0, 2))
  assert.ok(looks < ROWS / 2, `${looks} rows`)
})

test('a metric in which nothing matches is read through once, and then known', async () => {
  const first = reader.best({ metric: 'without', dimensions: ['without'] })
  const second = reader.best({ metric: 'without', dimensions: ['without'] })

  assert.deepEqual([first.ids, second.ids], [[], []])
  assert.ok(second.looks < 10, `${second.looks} rows`)
})

test('where the few that match are the worst of a metric, they are looked up', async () => {
  reader.best({ metric: 'last', dimensions: ['last'] })
  const { ids, looks } = reader.best({ metric: 'last', dimensions: ['last'] })

  assert.deepEqual(ids, few.slice(0, 10))
  assert.ok(looks < 10, `${looks} rows`)
})
