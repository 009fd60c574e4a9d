/** What a directory of SQLite stores keeps over versions, copies and restarts. */
import assert from 'node:assert/strict'
import { cp, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import Sqlite from 'better-sqlite3'
import { cidToBytes, hashBytes } from '../../src/core/cid.ts'
import type { Contribution } from '../../src/core/contribution/contribution.ts'
import type { Stores } from '../../src/ports/stores.ts'
import { systemRandom } from '../../src/runtime/random.ts'
import { nextTurn } from '../../src/runtime/turn.ts'
import { memoryStores } from '../../src/stores/memory/open.ts'
import { migrations } from '../../src/stores/sqlite/database/migrations.ts'
import { openSqliteStores } from '../../src/stores/sqlite/open.ts'
import { withCode } from '../support/errors.ts'
import { temporaryDirectory } from '../support/folder.ts'
import { answersOf } from './answers.ts'
import { at, cidsOf, local, putAll, relation, sample } from './samples.ts'

const open = (dir: string): Promise<Stores> =>
  openSqliteStores({ dir, nextTurn, random: systemRandom })

/** Changes a directory's database directly, while the stores are closed. */
function change(dir: string, sql: string): void {
  const database = new Sqlite(join(dir, 'grove.db'))
  database.exec(sql)
  database.close()
}

const schema1 = await readFile(join(import.meta.dirname, 'schema-1.sql'), 'utf8')

test('a directory of schema 1 opens, and answers like the reference', async () => {
  await using temporary = await temporaryDirectory()
  change(temporary.dir, schema1)

  await using stores = await open(temporary.dir)

  const { items } = await stores.graph.list({}, { limit: 100, offset: 0 })
  assert.equal(items.length, 11)
  const memory = memoryStores(systemRandom)
  for (const item of items) await memory.graph.put(item, item.provenance)
  const [absent] = await stores.graph.stubs(10)
  assert.deepEqual(await answersOf(stores.graph, items), await answersOf(memory.graph, items))
  assert.deepEqual(absent?.promisedBy, ['grove-3', 'grove-6'])
  assert.deepEqual(await stores.records.get('peers', 'http://10.0.0.3:4515'), {
    seen: 2,
    list: [null, true],
  })
  assert.deepEqual(
    await stores.blobs.missing(items.flatMap(({ manifest }) => Object.values(manifest.artifacts))),
    [],
  )
})

test('a directory of schema 1 is numbered in the order of arrival', async () => {
  await using temporary = await temporaryDirectory()
  change(temporary.dir, schema1)

  await using stores = await open(temporary.dir)

  const entries = await stores.graph.since(0, 100)
  assert.deepEqual(
    entries.map(({ stored }) => stored.provenance.receivedAt - Date.parse(at(86_400))),
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
  )
  assert.equal(await stores.graph.lastSeq(), 11)
})

test('new evidence counts for the contributions of a directory of schema 1', async () => {
  await using temporary = await temporaryDirectory()
  change(temporary.dir, schema1)
  await using stores = await open(temporary.dir)
  const memory = memoryStores(systemRandom)
  const { items } = await stores.graph.list({}, { limit: 100, offset: 0 })
  for (const item of items) await memory.graph.put(item, item.provenance)
  const scores = { quality: { value: 0.9, direction: 'maximize' as const } }
  const more: Contribution[] = items.map(({ cid }, n) =>
    sample({
      summary: `later ${n}`,
      kind: 'review',
      scores,
      relations: [relation('reviews', cid), relation('adopts', cid), relation('responds_to', cid)],
    }),
  )
  const [stub] = await stores.graph.stubs(10)

  for (const store of [stores.graph, memory.graph]) await putAll(store, more)

  const all = [...items, ...more]
  assert.deepEqual(await answersOf(stores.graph, all), await answersOf(memory.graph, all))
  assert.equal(stub?.cid, hashBytes(new Uint8Array([1])))
})

test('the migration to schema 1 is as it was released', async () => {
  const [released, current] = [schema1, `${migrations[0]}; PRAGMA user_version = 1`].map((sql) => {
    const database = new Sqlite(':memory:')
    database.exec(sql)
    const select = 'SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name'
    return database
      .prepare<[], string>(select)
      .pluck()
      .all()
      .map((text) => text.replace(/\s+/g, ' '))
  })

  assert.deepEqual(current, released)
})

test('a number is not reused after the last contribution is deleted', async () => {
  await using temporary = await temporaryDirectory()
  const [first, second, third] = [1, 2, 3].map((n) => sample({ summary: `${n}` })) as [
    Contribution,
    Contribution,
    Contribution,
  ]
  const before = await open(temporary.dir)
  await putAll(before.graph, [first, second])
  const lastSeq = await before.graph.lastSeq()
  await before.close()
  const hex = Buffer.from(cidToBytes(second.cid)).toString('hex')
  for (const table of ['place', 'contribution'])
    change(temporary.dir, `DELETE FROM ${table} WHERE cid = x'${hex}'`)

  await using stores = await open(temporary.dir)
  assert.equal(await stores.graph.lastSeq(), lastSeq)
  await stores.graph.put(third, local())

  const entries = await stores.graph.since(0, 10)
  assert.deepEqual(cidsOf(entries.map(({ stored }) => stored)), [first.cid, third.cid])
  assert.ok((entries[1]?.seq ?? 0) > lastSeq)
})

test('partial blobs end when the stores close, and leave nothing', async () => {
  await using temporary = await temporaryDirectory()
  const stores = await open(temporary.dir)
  const hash = hashBytes(new Uint8Array([1]))
  const partials = await Promise.all([10, 100_000].map((size) => stores.blobs.partial(hash, size)))
  await Promise.all(partials.map((partial) => partial.write(3, new Uint8Array(5))))

  await stores.close()

  assert.deepEqual(await readdir(join(temporary.dir, 'tmp')), [])
  const isShuttingDown = withCode('shutting-down')
  for (const partial of partials) await assert.rejects(partial.finish(), withCode('aborted'))
  for (const size of [10, 100_000])
    await assert.rejects(stores.blobs.partial(hash, size), isShuttingDown)
})

test('a copy of a directory has the same entries in a log with its own id', async () => {
  await using temporary = await temporaryDirectory()
  const [original, copy] = ['original', 'copy'].map((name) => join(temporary.dir, name)) as [
    string,
    string,
  ]
  const before = await open(original)
  await putAll(before.graph, [sample()])
  await before.close()
  await cp(original, copy, { recursive: true })

  await using one = await open(original)
  await using other = await open(copy)

  assert.equal(one.graph.logId, before.graph.logId)
  assert.notEqual(other.graph.logId, one.graph.logId)
  assert.deepEqual(await other.graph.since(0, 10), await one.graph.since(0, 10))
})
