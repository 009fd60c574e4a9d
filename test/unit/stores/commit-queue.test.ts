import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { canonicalBytes } from '../../../src/core/canonical.ts'
import { hashBytes } from '../../../src/core/cid.ts'
import type { Contribution } from '../../../src/core/contribution/contribution.ts'
import { isGroveError } from '../../../src/core/errors.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { systemRandom } from '../../../src/runtime/random.ts'
import { nextTurn } from '../../../src/runtime/turn.ts'
import { Connection } from '../../../src/stores/sqlite/database/connection.ts'
import { DatabaseFile } from '../../../src/stores/sqlite/database/database-file.ts'
import { openSqliteStores } from '../../../src/stores/sqlite/open.ts'
import { CommitQueue } from '../../../src/stores/sqlite/writer/commit-queue.ts'
import { local, sample } from '../../conformance/samples.ts'
import { temporaryDirectory } from '../../support/folder.ts'

/** A contribution that no caller can seal, and that the database refuses. */
function impossible(): Contribution {
  const manifest = { ...sample().manifest, createdAt: 'never' }
  const bytes = canonicalBytes(manifest)
  return { cid: hashBytes(bytes), bytes, manifest, attestations: [] }
}

test('a failed write does not fail the others in its transaction', async () => {
  await using temporary = await temporaryDirectory()
  await using stores = await openSqliteStores({
    dir: temporary.dir,
    nextTurn,
    clock: systemClock,
    random: systemRandom,
  })
  const [before, after] = [sample({ summary: 'before' }), sample({ summary: 'after' })]

  const outcomes = await Promise.allSettled(
    [before, impossible(), after].map((item) => stores.graph.put(item, local())),
  )

  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  )
  assert.ok(
    outcomes[1]?.status === 'rejected' && isGroveError(outcomes[1].reason, 'storage-failed'),
  )
  assert.deepEqual(await stores.graph.missing([before.cid, after.cid]), [])
  assert.equal(await stores.graph.count(), 2)
  assert.equal((await stores.graph.search('sample', {}, 5)).items.length, 0)
})

test('writes that are under way at once are committed together', async () => {
  await using temporary = await temporaryDirectory()
  let turns = 0
  const counting = (task: () => void) => {
    turns++
    nextTurn(task)
  }
  await using stores = await openSqliteStores({
    dir: temporary.dir,
    nextTurn: counting,
    clock: systemClock,
    random: systemRandom,
  })

  const puts = Array.from({ length: 100 }, (_, index) =>
    stores.graph.put(sample({ summary: `${index}` }), local()),
  )
  await Promise.all([
    ...puts,
    stores.records.set('s', 'k', {}),
    stores.blobs.put(new Uint8Array(10)),
  ])

  assert.ok(turns <= 2, `${turns} batches`)
})

test('a batch is sent ahead once it is as large as the one that is being committed', async () => {
  await using temporary = await temporaryDirectory()
  const turns: (() => void)[] = []
  const file = join(temporary.dir, 'grove.db')
  new Connection(file).close()
  const queue = new CommitQueue(new DatabaseFile(file), (task) => turns.push(task), systemClock)
  const write = (key: string) => queue.write({ type: 'set-record', space: 's', key, value: '{}' })
  const first = ['a', 'b', 'c'].map(write)
  turns.shift()?.()

  const next = ['d', 'e'].map(write)
  const before = turns.length
  next.push(write('f'))

  assert.deepEqual([before, turns.length], [0, 1])
  turns.shift()?.()
  assert.ok((await Promise.all([...first, ...next])).every((changed) => changed))
  await queue.close()
})

test('a contribution and its small artifacts are one job of one commit', async () => {
  await using temporary = await temporaryDirectory()
  let turns = 0
  const counting = (task: () => void) => {
    turns++
    nextTurn(task)
  }
  const { dir } = temporary
  await using stores = await openSqliteStores({
    dir,
    nextTurn: counting,
    clock: systemClock,
    random: systemRandom,
  })
  await stores.graph.put(sample({ summary: 'first' }), local())
  const before = turns

  const staged = await stores.blobs.stage(Buffer.from('notes'))
  assert.ok(staged.pending !== undefined)
  const work = sample({ artifacts: { 'notes.txt': staged.hash } })
  assert.deepEqual(await stores.blobs.missing([staged.hash]), [staged.hash])
  await stores.graph.put(work, local(), { pending: [staged.pending] })

  assert.equal(turns - before, 1)
  assert.deepEqual(await stores.blobs.missing([staged.hash]), [])
})

test('a write can be read as soon as it has resolved', async () => {
  await using temporary = await temporaryDirectory()
  await using stores = await openSqliteStores({
    dir: temporary.dir,
    nextTurn,
    clock: systemClock,
    random: systemRandom,
  })

  for (let index = 0; index < 50; index++) {
    const contribution = sample({ summary: `number ${index}` })
    await stores.graph.put(contribution, local())

    assert.equal((await stores.graph.get(contribution.cid))?.manifest.summary, `number ${index}`)
    assert.equal((await stores.graph.frontier({ limit: 100 }))[0]?.places.length, index + 1)
  }
})

test('writes fail where their thread ends without an error, and the next ones get another', async (context) => {
  await using temporary = await temporaryDirectory()
  const file = join(temporary.dir, 'grove.db')
  new Connection(file).close()
  const queue = new CommitQueue(new DatabaseFile(file), nextTurn, systemClock)
  const write = (key: string) => queue.write({ type: 'set-record', space: 's', key, value: '{}' })
  const ends = context.mock.method(Worker.prototype, 'postMessage', function (this: Worker) {
    void this.terminate()
  })

  await assert.rejects(write('a'), (error) => isGroveError(error, 'storage-failed'))
  ends.mock.restore()

  assert.equal(await write('b'), true)
  await queue.close()
})
