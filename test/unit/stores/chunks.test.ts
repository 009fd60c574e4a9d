import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { hashBytes } from '../../../src/core/cid.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { seeded } from '../../../src/runtime/random.ts'
import { nextTurn } from '../../../src/runtime/turn.ts'
import { openSqliteStores } from '../../../src/stores/sqlite/open.ts'

const KIB = 1024
const BYTES = Buffer.from(Array.from({ length: 1_000 * KIB }, (_, n) => (n * 7) % 251))

const dir = await mkdtemp(join(tmpdir(), 'grove-chunks-'))
after(() => rm(dir, { recursive: true, force: true }))

async function withBlobs() {
  const at = await mkdtemp(join(dir, 'stores-'))
  const stores = await openSqliteStores({
    dir: at,
    nextTurn,
    clock: systemClock,
    random: seeded(1),
  })
  await stores.blobs.put(BYTES)
  return stores
}

/** Some chunks that are nobody else's. */
async function* chunksOf(made: Uint8Array[], bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += 64 * KIB) {
    const chunk = Uint8Array.from(bytes.subarray(at, at + 64 * KIB))
    made.push(chunk)
    yield chunk
  }
}

test('a blob is read in two buffers by who is done with a chunk when it asks for the next', async () => {
  await using stores = await withBlobs()
  const hash = hashBytes(BYTES)
  const range = { start: 70_001, end: 900_000 }

  for (const [options, expected] of [
    [{ lends: true }, BYTES],
    [{ lends: true, range }, BYTES.subarray(range.start, range.end + 1)],
  ] as const) {
    const buffers = new Set<ArrayBufferLike>()
    const copies: Buffer[] = []
    for await (const chunk of await stores.blobs.get(hash, options)) {
      buffers.add(chunk.buffer)
      copies.push(Buffer.from(chunk))
    }

    assert.ok(Buffer.concat(copies).equals(expected))
    assert.ok(copies.length > 2 && buffers.size === 2, `${buffers.size} of ${copies.length}`)
  }
})

test('who keeps chunks gets ones that never change', async () => {
  await using stores = await withBlobs()
  const chunks: Uint8Array[] = []

  for await (const chunk of await stores.blobs.get(hashBytes(BYTES))) chunks.push(chunk)

  assert.ok(Buffer.concat(chunks).equals(BYTES))
})

test('a lent blob ends with its reader, and with its signal before anybody reads', async () => {
  await using stores = await withBlobs()
  const hash = hashBytes(BYTES)
  const leaving = new AbortController()
  const lent = await stores.blobs.get(hash, { lends: true, signal: leaving.signal })
  leaving.abort(new Error('left'))

  await assert.rejects(async () => {
    for await (const _ of lent);
  }, /left/)
  for await (const _ of await stores.blobs.get(hash, { lends: true })) break
  assert.equal((await stores.blobs.stat(hash))?.sizeBytes, BYTES.byteLength)
})

test('chunks that are given to the store are freed, others stay as they are', async () => {
  await using stores = await withBlobs()
  const bytes = Buffer.from(BYTES).fill(1, 0, 100)
  const kept: Uint8Array[] = []
  const given: Uint8Array[] = []

  await stores.blobs.put(chunksOf(kept, bytes))
  const { hash } = await stores.blobs.put(chunksOf(given, bytes), { gives: true })

  assert.equal(hash, hashBytes(bytes))
  assert.ok(Buffer.concat(kept).equals(bytes))
  assert.ok(given.every((chunk) => chunk.byteLength === 0))
})
