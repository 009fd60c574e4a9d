/** What a directory of SQLite stores keeps over versions, copies and restarts. */
import assert from 'node:assert/strict'
import { cp, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import Sqlite from 'better-sqlite3'
import { cidToBytes, hashBytes } from '../../src/core/cid.ts'
import type { Contribution } from '../../src/core/contribution/contribution.ts'
import { type KeyId, keyIdFromBytes } from '../../src/core/identity/ed25519.ts'
import type { KeyStanding } from '../../src/core/peers/counting.ts'
import type { Stores } from '../../src/ports/stores.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { systemRandom } from '../../src/runtime/random.ts'
import { nextTurn } from '../../src/runtime/turn.ts'
import { memoryStores } from '../../src/stores/memory/open.ts'
import { migrations } from '../../src/stores/sqlite/database/migrations.ts'
import { openSqliteStores } from '../../src/stores/sqlite/open.ts'
import { Writer } from '../../src/stores/sqlite/writer/writer.ts'
import { withCode } from '../support/errors.ts'
import { temporaryDirectory } from '../support/folder.ts'
import { until } from '../support/until.ts'
import { answersOf } from './answers.ts'
import { at, broughtBy, cidsOf, local, putAll, relation, sample, storedIn } from './samples.ts'
import { changeDatabase, directoryOf, directoryOfSchema, schema1, schema6 } from './temporary.ts'

const open = (dir: string): Promise<Stores> =>
  openSqliteStores({ dir, nextTurn, clock: systemClock, random: systemRandom })

for (const version of migrations.map((_, index) => index + 1)) {
  test(`a directory of schema ${version} opens, and answers as the reference does`, async () => {
    await using temporary = await directoryOfSchema(version)

    await requireWhole(temporary.dir, { contributions: 11 })
  })
}

test('what a grove of schema 6 derived and stored is derived anew, and nothing of it is lost', async () => {
  await using temporary = await directoryOf(schema6)

  await requireWhole(temporary.dir, { contributions: 14 })
  await requireWhole(temporary.dir, { contributions: 14 })
})

/** Opens a directory, and requires that it has all that the old ones had. */
async function requireWhole(dir: string, { contributions }: { contributions: number }) {
  await using stores = await open(dir)
  const items = await storedIn(stores.graph)
  assert.equal(items.length, contributions)
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
}

test('a directory of schema 1 is numbered in the order of arrival', async () => {
  await using temporary = await directoryOfSchema(1)

  await using stores = await open(temporary.dir)

  const entries = await stores.graph.since(0, 100)
  assert.deepEqual(
    entries.map(({ stored }) => stored.provenance.receivedAt - Date.parse(at(86_400))),
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
  )
  assert.equal(await stores.graph.lastSeq(), 11)
})

test('new evidence counts for the contributions of a directory of schema 1', async () => {
  await using temporary = await directoryOfSchema(1)
  await using stores = await open(temporary.dir)
  const memory = memoryStores(systemRandom)
  const items = await storedIn(stores.graph)
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

test('what older rules derived is derived anew, once', async () => {
  await using temporary = await temporaryDirectory()
  const before = await open(temporary.dir)
  const scores = { loss: { value: 0, direction: 'minimize' as const } }
  const target = sample({ summary: 'target', scores })
  const refuted = relation('reproduces', target.cid, { result: 'refuted' })
  const items = [
    sample({ kind: 'reproduction', relations: [refuted] }),
    target,
    sample({ scores, context: { outcome: 'crash' } }),
    sample({ kind: 'review', scores, relations: [relation('reviews', target.cid)] }),
  ]
  await putAll(before.graph, items)
  await before.close()
  changeDatabase(
    temporary.dir,
    `UPDATE derivation SET version = 0; UPDATE contribution SET ranked = 2;
     UPDATE signal_total SET reproduction = 7, review_count = 9; UPDATE place SET rank = 1;
     DELETE FROM edge; INSERT INTO dimension VALUES (99, 'gone', 'minimize', 'work', 3);
     INSERT INTO direction VALUES (99, 'gone', 'minimize', 1, 3, 1, 0, 1);`,
  )
  const memory = memoryStores(systemRandom)
  await putAll(memory.graph, items)

  await (await open(temporary.dir)).close()

  await using stores = await open(temporary.dir)
  assert.deepEqual(await answersOf(stores.graph, items), await answersOf(memory.graph, items))
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

test('words are indexed anew beside the old index, which is used until all are there', async () => {
  await using temporary = await directoryOfSchema(1)
  const jobs = [...Array.from({ length: 600 }, (_, n) => `item ${n}`), '深度学习模型'].map(
    (summary) => {
      const { cid, bytes } = sample({ summary })
      return { type: 'put-contribution', cid, bytes, provenance: local() } as const
    },
  )
  const first = new Writer(join(temporary.dir, 'grove.db'))
  first.commit(jobs)
  // Broken off after a step.
  const built = first.commit([{ type: 'build-words' }])
  const tables = tablesOf(temporary.dir)
  first.close()

  await using stores = await open(temporary.dir)
  const found = async (text: string) => (await stores.graph.search(text, {}, 1_000)).items.length
  const atOnce = [await found('item'), await found('baseline')]
  await until('the old index to go', () => !tablesOf(temporary.dir).includes('word'))

  assert.deepEqual(built, [{ type: 'done', changed: true }])
  assert.ok(tables.includes('word'))
  assert.deepEqual(atOnce, [600, 1])
  assert.deepEqual(
    await Promise.all(['item', 'baseline', 'große', '学习', 'agent'].map(found)),
    [600, 1, 1, 1, 610],
  )
  assert.equal((await stores.graph.list({ tags: ['ml'] }, { limit: 10, offset: 0 })).total, 2)
})

function tablesOf(dir: string): string[] {
  const database = new Sqlite(join(dir, 'grove.db'), { readonly: true })
  const select = "SELECT name FROM sqlite_schema WHERE type = 'table'"
  const found = database.prepare<[], string>(select).pluck().all()
  database.close()
  return found
}

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
    changeDatabase(temporary.dir, `DELETE FROM ${table} WHERE cid = x'${hex}'`)

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

/** Puts these into a directory and closes it again. Returns the positions after each. */
async function grownDirectory(dir: string, items: readonly Contribution[]): Promise<string[]> {
  const stores = await open(dir)
  await putAll(stores.graph, items)
  const before = (await stores.graph.lastSeq()) - items.length
  const positions = items.map((_, index) => stores.graph.position(before + index + 1))
  await stores.close()
  return positions
}

test('two groves that go on from copies of one directory share the positions up to there', async () => {
  await using temporary = await temporaryDirectory()
  const [original, copy] = [join(temporary.dir, 'original'), join(temporary.dir, 'copy')]
  const [first = ''] = await grownDirectory(original, [sample({ summary: 'both' })])
  await cp(original, copy, { recursive: true })

  const [ofOriginal = ''] = await grownDirectory(original, [sample({ summary: 'here' })])
  await grownDirectory(copy, [sample({ summary: 'there' })])

  await using stores = await open(copy)
  assert.equal(await stores.graph.lastSeq(), 2)
  assert.equal(stores.graph.seqAt(first), 1)
  assert.equal(stores.graph.seqAt(ofOriginal), undefined)
})

test('after a backup was put back in place, positions beyond it are not found, though others get their numbers', async () => {
  await using temporary = await temporaryDirectory()
  const dir = join(temporary.dir, 'grove')
  const backup = join(temporary.dir, 'backup.db')
  const kept = await grownDirectory(
    dir,
    [1, 2].map((n) => sample({ summary: `kept ${n}` })),
  )
  await cp(join(dir, 'grove.db'), backup)
  const stores = await open(dir)
  await putAll(stores.graph, [sample({ summary: 'lost' })])
  const lost = stores.graph.position(3)
  await stores.close()

  await writeFile(join(dir, 'grove.db'), await readFile(backup))
  await grownDirectory(
    dir,
    [3, 4].map((n) => sample({ summary: `new ${n}` })),
  )

  await using again = await open(dir)
  assert.deepEqual(
    kept.map((position) => again.graph.seqAt(position)),
    [1, 2],
  )
  assert.equal(again.graph.seqAt(lost), undefined)
})

test('what is derived anew counts by who has signed it, and whom the directory lists', async () => {
  await using temporary = await temporaryDirectory()
  const before = await open(temporary.dir)
  const memory = memoryStores(systemRandom)
  const scores = { loss: { value: 1, direction: 'minimize' as const } }
  const works = ['one', 'other'].map((summary) => sample({ summary, scores }))
  const reviews = works.map(({ cid }, n) =>
    sample({ summary: `${n}`, kind: 'review', scores, relations: [relation('reviews', cid)] }),
  )
  const items = [...works, ...reviews]
  const [member, blocked] = [1, 2].map((n) => keyIdFromBytes(new Uint8Array(32).fill(n)))
  assert.ok(member && blocked)
  const standings = new Map<KeyId, KeyStanding>([
    [member, 'member'],
    [blocked, 'blocked'],
  ])
  for (const { graph } of [before, memory]) {
    for (const [n, item] of items.entries()) {
      const peerId = n % 2 === 0 ? member : blocked
      const origin = { peerId, at: n, signature: Buffer.alloc(64).toString('base64url') }
      await graph.put(item, broughtBy('a'), { origins: [origin] })
    }
    await graph.origins.judge({ admission: 'members', standings })
    while (!(await graph.origins.recount()).isDone);
  }
  await before.close()
  changeDatabase(
    temporary.dir,
    'UPDATE derivation SET version = 0; UPDATE origin SET refused = 0; DELETE FROM uncounted;',
  )

  await using stores = await open(temporary.dir)

  const expected = await answersOf(memory.graph, items)
  assert.deepEqual(await answersOf(stores.graph, items), expected)
  assert.equal(await stores.graph.origins.judge({ standings }), false)
})
