// Loosely equal: a Buffer arrives in another thread as a Uint8Array.
import assert from 'node:assert'
import { join } from 'node:path'
import { test } from 'node:test'
import { hashBytes } from '../../../src/core/cid.ts'
import { SigningKey } from '../../../src/core/identity/ed25519.ts'
import { signOrigins } from '../../../src/core/identity/origin.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { systemRandom } from '../../../src/runtime/random.ts'
import { nextTurn } from '../../../src/runtime/turn.ts'
import { Connection } from '../../../src/stores/sqlite/database/connection.ts'
import { openSqliteStores } from '../../../src/stores/sqlite/open.ts'
import { LongReads } from '../../../src/stores/sqlite/reader/long-reads.ts'
import type {
  LongQuery,
  LongType,
  Query,
  ShortType,
} from '../../../src/stores/sqlite/reader/query.ts'
import { Reader } from '../../../src/stores/sqlite/reader/reader.ts'
import { UNWATCHED } from '../../../src/stores/sqlite/reader/watch.ts'
import { at, local, relation, sample } from '../../conformance/samples.ts'
import { withCode } from '../../support/errors.ts'
import { temporaryDirectory } from '../../support/folder.ts'

const blob = new Uint8Array([1, 2, 3])
const large = new Uint8Array(100_000)
const hash = hashBytes(blob)
const absent = hashBytes(new Uint8Array())
const root = sample({ summary: 'root', scores: { loss: { value: 1, direction: 'minimize' } } })
const reply = sample({ createdAt: at(1), relations: [relation('responds_to', root.cid)] })
const { cid } = root

const page = { limit: 5, offset: 0 }

/** A query of each type that may be long, and finds something. */
const longQueries: { readonly [T in LongType]: LongQuery<T> } = {
  related: { type: 'related', args: [cid, ['responds_to'], page] },
  list: { type: 'list', args: [{ kind: 'work' }, page] },
  search: { type: 'search', args: ['root', {}, 5] },
  frontier: { type: 'frontier', args: [{ limit: 5, mode: root.manifest.mode, anyKind: ['work'] }] },
  threads: { type: 'threads', args: [{ limit: 5, unanswered: true }] },
}

/** A short query of each type that finds something. */
const queries: { readonly [T in ShortType]: Query<T> } = {
  contribution: { type: 'contribution', cid },
  contributions: { type: 'contributions', cids: [cid, absent] },
  'contribution-bytes': { type: 'contribution-bytes', cid },
  listed: { type: 'listed', cids: [cid, absent] },
  'listed-rows': { type: 'listed-rows', ids: [1, 2] },
  infos: { type: 'infos', ids: [1, 2], from: 1 },
  'missing-contributions': { type: 'missing-contributions', cids: [cid, absent] },
  'contribution-count': { type: 'contribution-count' },
  resolve: { type: 'resolve', digits: '', limit: 5 },
  since: { type: 'since', seq: 0, limit: 5 },
  'resolve-known': { type: 'resolve-known', digits: '', limit: 5 },
  'lines-before': { type: 'lines-before', seq: 5, limit: 5 },
  'last-seq': { type: 'last-seq' },
  sources: { type: 'sources', args: [cid, { types: ['responds_to'], limit: 5 }] },
  edges: { type: 'edges', args: [cid, 'in', { types: ['responds_to'], limit: 5 }] },
  said: { type: 'said', args: [cid, { kinds: { first: 0, last: 4 }, limit: 5 }] },
  edgeCounts: { type: 'edgeCounts', args: [cid] },
  backing: { type: 'backing', args: [[cid]] },
  counting: { type: 'counting' },
  judgements: { type: 'judgements', cids: [cid] },
  signals: { type: 'signals', args: [cid] },
  bestWorks: { type: 'bestWorks', args: [['loss'], 5] },
  metrics: { type: 'metrics', args: [{ limit: 5, after: 'a', ofWorks: true }] },
  foremostMetrics: { type: 'foremostMetrics', args: [5] },
  directions: { type: 'directions', args: [['loss']] },
  scoreForms: { type: 'scoreForms', args: [['loss'], 5] },
  origins: { type: 'origins', cids: [reply.cid] },
  unsigned: { type: 'unsigned', after: 0, limit: 10 },
  stub: { type: 'stub', cid: absent },
  stubs: { type: 'stubs', limit: 5 },
  'stub-count': { type: 'stub-count' },
  record: { type: 'record', space: 'peers', key: 'a' },
  records: { type: 'records', space: 'peers' },
  blob: { type: 'blob', hash },
  'blob-size': { type: 'blob-size', hash },
  'file-stamp': { type: 'file-stamp', hash: hashBytes(large) },
  'missing-blobs': { type: 'missing-blobs', hashes: [hash, absent] },
}

test('every query and its answer are plain data, which can be sent to another thread', async () => {
  await using temporary = await temporaryDirectory()
  await using stores = await openSqliteStores({
    dir: temporary.dir,
    nextTurn,
    clock: systemClock,
    random: systemRandom,
  })
  await stores.graph.put(root, { ...local(), own: true })
  const origins = signOrigins(SigningKey.fromSecret(new Uint8Array(32)), [root.cid, reply.cid], 1)
  await stores.graph.put(reply, local(), { origins: origins.slice(1) })
  await stores.graph.putStub(absent, ['p'], 1)
  await stores.records.set('peers', 'a', { seen: 1 })
  for (const bytes of [large, blob]) await stores.blobs.put(bytes)
  const connection = new Connection(join(temporary.dir, 'grove.db'))
  const reader = new Reader(connection, { has: () => false, found() {} })
  const long = new LongReads(connection, UNWATCHED)

  const answers = [
    ...Object.values(queries).map((query) => ({
      query,
      answer: reader.answer(structuredClone(query)),
    })),
    ...Object.values(longQueries).map((query) => ({
      query,
      answer: long.answer(structuredClone(query) as LongQuery),
    })),
  ]
  for (const { query, answer } of answers) {
    assert.ok(answer !== undefined, query.type)
    if (Array.isArray(answer)) assert.notEqual(answer.length, 0, query.type)
    assert.deepEqual(structuredClone(answer), answer, query.type)
  }
  connection.close()
})

test('a query on a closed connection is refused', async () => {
  await using temporary = await temporaryDirectory()
  const connection = new Connection(join(temporary.dir, 'grove.db'))
  const reader = new Reader(connection, { has: () => false, found() {} })
  connection.close()

  assert.throws(() => reader.answer({ type: 'last-seq' }), withCode('shutting-down'))
})
