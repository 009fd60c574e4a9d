import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { cidFromBytes, cidToBytes } from '../../../src/core/cid.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { systemRandom } from '../../../src/runtime/random.ts'
import { nextTurn } from '../../../src/runtime/turn.ts'
import { Connection } from '../../../src/stores/sqlite/database/connection.ts'
import { openSqliteStores } from '../../../src/stores/sqlite/open.ts'
import { LongReads } from '../../../src/stores/sqlite/reader/long-reads.ts'
import { UNWATCHED } from '../../../src/stores/sqlite/reader/watch.ts'
import { sample } from '../../conformance/samples.ts'
import { temporaryDirectory } from '../../support/folder.ts'

/** More than are read at once. Ten have the same age each. */
const ROWS = 9_000
const hub = sample({ summary: 'hub' })

/** A database in which every second row is a review of the hub; calls from SQL are counted. */
async function filled(context: TestContext) {
  const { dir, ...folder } = await temporaryDirectory()
  context.after(() => folder[Symbol.asyncDispose]())
  const ports = { nextTurn, clock: systemClock, random: systemRandom }
  await (await openSqliteStores({ dir, ...ports })).close()
  let calls = 0
  const connection = new Connection(join(dir, 'grove.db'), { alive: () => void calls++ })
  context.after(() => connection.close())
  const numbers = `WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n LIMIT ${ROWS})`
  connection
    .sql(
      `INSERT INTO contribution (id, cid, created_ms, ranked, origin, received_ms, manifest)
       ${numbers} SELECT id, randomblob(32), id * 7919 % ${ROWS} / 10, 0, 'local', 0, x'' FROM n`,
    )
    .run()
  connection
    .sql(
      `INSERT INTO edge (target, type, source, telling, turn, seq)
       SELECT ?, 'reviews', cid, 1, id, id FROM contribution WHERE id % 2 = 0`,
    )
    .run(cidToBytes(hub.cid))
  connection.sql(`UPDATE log SET last_seq = ${ROWS}, contributions = ${ROWS}`).run()
  const reads = new LongReads(connection, UNWATCHED)
  return { connection, reads, calls: () => calls }
}

test('a page by age has what sorting all rows gives, wherever it begins', async (context) => {
  const { connection, reads } = await filled(context)
  const sorted = (only: string, order: string) =>
    connection
      .sql<[], { id: number; created_ms: number; cid: Uint8Array }>(
        `SELECT id, created_ms, cid FROM contribution WHERE ${only} ORDER BY ${order}`,
      )
      .all()
  const all = sorted('true', 'created_ms, cid')
  const oldest = sorted('id % 2 = 0', 'created_ms, cid')
  const newest = sorted('id % 2 = 0', 'created_ms DESC, cid')
  const idsOf = (rows: readonly { id: number }[]) => rows.map(({ id }) => id)
  const related = (page: object) =>
    reads.answer({
      type: 'related',
      args: [hub.cid, ['reviews'], { limit: 7, offset: 0, ...page }],
    })

  for (const offset of [0, 5, 1_030, 2_240, 4_490, 4_498, 9_100]) {
    const list = reads.answer({ type: 'list', args: [{}, { limit: 7, offset }] })
    assert.deepEqual(list.ids, idsOf(all.slice(offset, offset + 7)))
    const page = { offset, oldestFirst: true }
    assert.deepEqual(related(page), { ids: idsOf(oldest.slice(offset, offset + 7)), total: 4_500 })
    assert.deepEqual(related({ offset }).ids, idsOf(newest.slice(offset, offset + 7)))
    const last = newest[offset]
    if (last === undefined) continue
    const after = { createdMs: last.created_ms, cid: cidFromBytes(last.cid) }
    assert.deepEqual(related({ after }).ids, idsOf(newest.slice(offset + 1, offset + 8)))
  }
})

test('a deep page calls nothing for the rows before it, and evidence each edge once', async (context) => {
  const { reads, calls } = await filled(context)

  reads.answer({ type: 'list', args: [{}, { limit: 7, offset: ROWS / 2 }] })
  const listed = calls()
  reads.answer({ type: 'related', args: [hub.cid, ['reviews'], { limit: 7, offset: 0 }] })

  assert.ok(listed < 100, `${listed}`)
  assert.ok(calls() - listed <= ROWS / 2, `${calls() - listed}`)
})
