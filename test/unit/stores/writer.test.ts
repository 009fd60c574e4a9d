import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { hashBytes } from '../../../src/core/cid.ts'
import type { Contribution } from '../../../src/core/contribution/contribution.ts'
import { SigningKey } from '../../../src/core/identity/ed25519.ts'
import { seeded } from '../../../src/runtime/random.ts'
import { Connection } from '../../../src/stores/sqlite/database/connection.ts'
import type { Job } from '../../../src/stores/sqlite/writer/jobs.ts'
import { Writer } from '../../../src/stores/sqlite/writer/writer.ts'
import { at, graphArbitrary, local, relation, sample } from '../../conformance/samples.ts'
import { temporaryDirectory } from '../../support/folder.ts'

const put = ({ cid, bytes }: Contribution): Job => ({
  type: 'put-contribution',
  cid,
  bytes,
  provenance: local(),
})

/** Contributions of all sorts, among them two reviews whose mean is not finite any more. */
function contributions(): Contribution[] {
  const graphs = fc.sample(graphArbitrary, { numRuns: 5, seed: 3 })
  const reviewed = sample({ summary: 'reviewed' })
  const reviews = [1, 2].map((n) =>
    sample({
      kind: 'review',
      summary: `review ${n}`,
      relations: [relation('reviews', reviewed.cid)],
      scores: { quality: { value: 1.5e308, direction: 'maximize' } },
    }),
  )
  return [reviewed, ...reviews, ...graphs.flat()]
}

/** One job of each type beside those that put. */
function others(): Job[] {
  const bytes = new Uint8Array([1])
  const hash = hashBytes(bytes)
  const record = { space: 's', key: 'k' }
  return [
    { type: 'add-promises', cid: hash, promisedBy: ['p'], since: 1 },
    { type: 'put-blob', hash, bytes: new Uint8Array([2]) },
    { type: 'put-blob', hash, bytes },
    { type: 'set-record', ...record, value: '1' },
    { type: 'compare-and-set-record', ...record, expected: '1', value: '2' },
    { type: 'delete-record', ...record },
    { type: 'delete-damaged-blob', hash, bytes },
    { type: 'delete-blob', hash },
    { type: 'set-file-stamp', hash, stamp: { sizeBytes: 1, modifiedMs: 1 } },
    { type: 'delete-file-stamp', hash },
  ]
}

test('a batch is one segment of the full-text index, whatever it writes', async () => {
  await using temporary = await temporaryDirectory()
  const file = join(temporary.dir, 'grove.db')
  const writer = new Writer(file)
  const connection = new Connection(file)
  connection.sql("INSERT INTO word (word, rank) VALUES ('automerge', 0)").run()
  const puts = contributions().map(put)
  const jobs = puts.flatMap((job) => [job, ...others()])

  const outcomes = writer.commit(jobs)

  assert.ok(outcomes.every(({ type }) => type === 'done'))
  const segments = connection
    .sql<[], { segments: number }>('SELECT count(DISTINCT segid) AS segments FROM word_idx')
    .get()
  // More where a statement is guarded by a savepoint: see `ContributionWriter`.
  assert.deepEqual(segments, { segments: 1 })
  writer.close()
  connection.close()
})

/** The bytes that the log has grown by, and those of the pages that it has, each once. */
function loggedBytes(file: string, pageBytes: number): { log: number; pages: number } {
  const log = readFileSync(`${file}-wal`)
  const frameBytes = pageBytes + 24
  const pages = new Set<number>()
  for (let at = 32; at + frameBytes <= log.byteLength; at += frameBytes)
    pages.add(log.readUInt32BE(at))
  return { log: log.byteLength, pages: pages.size * pageBytes }
}

test('a small publish among many writes few bytes, checkpoint and all', async () => {
  await using temporary = await temporaryDirectory()
  const file = join(temporary.dir, 'grove.db')
  const writer = new Writer(file)
  const random = seeded(1)
  let number = 0
  const publish = () => {
    const scores = { loss: { value: random.next(), direction: 'minimize' as const } }
    return put(sample({ summary: `trial ${++number} of a run`, createdAt: at(number), scores }))
  }
  for (let batch = 0; batch < 20; batch++) writer.commit(Array.from({ length: 256 }, publish))
  const connection = new Connection(file)
  connection.sql('PRAGMA wal_checkpoint(TRUNCATE)').get()
  const { page_size } = connection.sql<[], { page_size: number }>('PRAGMA page_size').get()!

  const published = 1_600
  for (let batch = 0; batch < published / 16; batch++)
    writer.commit(Array.from({ length: 16 }, publish))

  const { log, pages } = loggedBytes(file, page_size)
  assert.ok((log + pages) / published < 10_000, `${(log + pages) / published} bytes each`)
  connection.close()
  writer.close()
})

test('a batch ends when its time is over, and one that was sent behind it waits for what is left', async () => {
  await using temporary = await temporaryDirectory()
  const file = join(temporary.dir, 'grove.db')
  let now = 0
  const writer = new Writer(file, () => ++now)
  const jobs = (keys: string) =>
    [...keys].map((key) => ({ type: 'set-record', space: 's', key, value: '{}' }) as const)
  const countOf = (keys: string, isAhead: boolean) =>
    writer.commitWithin({ jobs: jobs(keys), maxMs: 3, isAhead }).outcomes.length

  const first = countOf('abcdefgh', false)
  const behind = countOf('xyz', true)
  const rest = countOf('abcdefgh'.slice(first), false)
  const next = countOf('xy', true)
  writer.close()

  assert.ok(first > 0 && first < 8)
  assert.equal(behind, 0)
  assert.ok(rest > 0)
  assert.equal(next, first + rest < 8 ? 0 : 2)
})

test('of a large commit, eight share a signature: the row of an origin fits into a page', async () => {
  await using temporary = await temporaryDirectory()
  const writer = new Writer(join(temporary.dir, 'grove.db'))
  const connection = new Connection(join(temporary.dir, 'grove.db'))
  writer.signWith(SigningKey.fromSecret(new Uint8Array(32).fill(1)))

  writer.commit(Array.from({ length: 20 }, (_, n) => put(sample({ summary: `${n}` }))))

  const rows = connection
    .sql<[], { origins: number }>('SELECT count(*) AS origins FROM origin GROUP BY signature')
    .all()
  assert.deepEqual(rows.map(({ origins }) => origins).sort(), [4, 8, 8])
  const overflow = connection
    .sql<[], { pages: number }>(
      "SELECT count(*) AS pages FROM dbstat WHERE name = 'origin' AND pagetype = 'overflow'",
    )
    .get()
  assert.deepEqual(overflow, { pages: 0 })
  writer.close()
  connection.close()
})

test('what shares a commit shares a signature', async () => {
  await using temporary = await temporaryDirectory()
  const writer = new Writer(join(temporary.dir, 'grove.db'))
  const connection = new Connection(join(temporary.dir, 'grove.db'))
  writer.signWith(SigningKey.fromSecret(new Uint8Array(32).fill(1)))
  const puts = Array.from({ length: 5 }, (_, n) => put(sample({ summary: `${n}` })))

  writer.commit(puts.slice(0, 4))
  writer.commit(puts.slice(4))

  const rows = connection
    .sql<[], { origins: number }>('SELECT count(*) AS origins FROM origin GROUP BY signature')
    .all()
  assert.deepEqual(rows.map(({ origins }) => origins).sort(), [1, 4])
  writer.close()
  connection.close()
})
