/** What the reader's thread holds of rows that match, however many they are. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { systemClock } from '../../src/runtime/clock.ts'
import { facetsOfFilter } from '../../src/stores/filter.ts'
import { Connection } from '../../src/stores/sqlite/database/connection.ts'
import { DatabaseFile } from '../../src/stores/sqlite/database/database-file.ts'
import { ReaderPool } from '../../src/stores/sqlite/reader/pool.ts'
import { withCode } from '../support/errors.ts'
import { temporaryDirectory } from '../support/folder.ts'

/**
 * A pool on a database in which so many discussions have as many places each, without manifests:
 * the thread reads none.
 */
async function filled(test: TestContext, rows: number, places: number): Promise<ReaderPool> {
  const temporary = await temporaryDirectory()
  const file = join(temporary.dir, 'grove.db')
  const keeper = new Connection(file)
  const facets = facetsOfFilter({ kind: 'discussion', tags: ['many'] })
    .flat()
    .join(' ')
  const upTo = (most: number) => `
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${most})
    SELECT n FROM numbers`
  keeper.write(() => {
    for (const sql of [
      `INSERT INTO contribution (id, cid, created_ms, ranked, origin, received_ms, manifest)
       SELECT n, randomblob(32), n % 1000, 3, 'local', 0, x'' FROM (${upTo(rows)})`,
      `INSERT INTO word_2 (rowid, words, facets) SELECT n, 'a', '${facets}' FROM (${upTo(rows)})`,
      `INSERT INTO dimension (id, metric, direction, kind, places)
       SELECT n, 'metric ' || n, 'minimize', 'discussion', ${rows} FROM (${upTo(places)})
       WHERE n <= ${places}`,
      `INSERT INTO place (contribution, dimension, rank, cid)
       SELECT c.id, d.id, c.id, c.cid FROM contribution c, dimension d`,
      `UPDATE log SET last_seq = ${rows}, contributions = ${rows}`,
      'UPDATE word_index SET version = 2',
    ])
      keeper.sql(sql).run()
  })
  const pool = new ReaderPool(new DatabaseFile(file), systemClock)
  test.after(async () => {
    await pool.close()
    keeper.close()
    await temporary[Symbol.asyncDispose]()
  })
  return pool
}

test('lists and threads of very many are answered from what is asked for', async (context) => {
  const rows = 120_000
  const pool = await filled(context, rows, 0)
  const filter = { kind: 'discussion' } as const

  const last = await pool.ask({ type: 'list', args: [filter, { limit: 9, offset: rows - 1 }] })
  const beyond = await pool.ask({ type: 'list', args: [filter, { limit: 9, offset: 2 ** 40 }] })
  const threads = await pool.ask({ type: 'threads', args: [{ limit: 9, unanswered: true }] })

  assert.deepEqual([last.ids.length, last.total], [1, rows])
  assert.deepEqual([beyond.ids.length, beyond.total], [0, rows])
  assert.deepEqual(
    threads.map(({ id }) => id % 1_000),
    Array(9).fill(999),
  )
})

test('a frontier of more places than can be sorted is too large, and a part of it is not', async (context) => {
  const pool = await filled(context, 2_100, 100)
  const ask = (limit: number) => pool.ask({ type: 'frontier', args: [{ limit, tags: ['many'] }] })

  assert.equal((await ask(5)).length, 100)
  await assert.rejects(ask(2_000), withCode('too-large', 'ask for fewer'))
})
