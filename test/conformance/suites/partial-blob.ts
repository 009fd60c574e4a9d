import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { hashBytes } from '../../../src/core/cid.ts'
import { sample } from '../../../src/core/random.ts'
import type { BlobStore, PartialBlob } from '../../../src/ports/blob-store.ts'
import { seeded } from '../../../src/runtime/random.ts'
import { withCode } from '../../support/errors.ts'
import { bytesOf, type OpenedBlobs, read } from './blob-store.ts'

/** Small and large sizes, of one and many pieces, with a whole or a partial last piece. */
const sizes = [1, 1_000, 64 * 1024, 64 * 1024 + 1, 300_000]
const PIECE = 4_096

/** Offsets of the pieces of a blob, in random order. */
function offsetsOf(size: number): number[] {
  const offsets = Array.from({ length: Math.ceil(size / PIECE) }, (_, index) => index * PIECE)
  return sample(seeded(size), offsets, offsets.length)
}

const pieceAt = (bytes: Uint8Array, offset: number) => bytes.subarray(offset, offset + PIECE)

const begin = (store: BlobStore, bytes: Uint8Array): Promise<PartialBlob> =>
  store.partial(hashBytes(bytes), bytes.byteLength)

async function requireAbsent(store: BlobStore, bytes: Uint8Array): Promise<void> {
  assert.equal(await store.stat(hashBytes(bytes)), undefined)
  assert.deepEqual(await store.missing([hashBytes(bytes)]), [hashBytes(bytes)])
}

/** How every BlobStore writes a blob in pieces. `open` gives an empty store. */
export function partialBlobSuite(name: string, open: () => Promise<OpenedBlobs>): void {
  describe(`${name}: partial blobs`, () => {
    writing(open)
    refusing(open)
    sharing(open)
  })
}

function writing(open: () => Promise<OpenedBlobs>): void {
  test('pieces in any order make the blob, which is invisible until it is finished', async () => {
    await using opened = await open()
    for (const size of sizes) {
      const bytes = bytesOf(size)
      const partial = await begin(opened.store, bytes)
      for (const offset of offsetsOf(size)) await partial.write(offset, pieceAt(bytes, offset))
      await requireAbsent(opened.store, bytes)

      const info = await partial.finish()

      assert.deepEqual(info, { hash: hashBytes(bytes), sizeBytes: size })
      assert.deepEqual(await opened.store.stat(info.hash), info)
      assert.ok((await read(opened.store, info.hash)).equals(bytes), `${size} bytes`)
    }
  })

  test('missing lists the gaps in order', async () => {
    await using opened = await open()
    for (const size of [10_000, 100_000]) {
      const partial = await begin(opened.store, bytesOf(size))
      assert.deepEqual(partial.missing(), [{ start: 0, end: size - 1 }])

      await partial.write(500, new Uint8Array(100))
      await partial.write(size - 1, new Uint8Array(1))
      await partial.write(600, new Uint8Array(100))
      await partial.write(200, new Uint8Array(0))

      assert.deepEqual(partial.missing(), [
        { start: 0, end: 499 },
        { start: 700, end: size - 2 },
      ])
    }
  })

  test('concurrent writes all count, and finish waits for them', async () => {
    await using opened = await open()
    for (const size of sizes) {
      const bytes = bytesOf(size)
      const partial = await begin(opened.store, bytes)

      const writes = offsetsOf(size).map((offset) => partial.write(offset, pieceAt(bytes, offset)))
      const info = await partial.finish()

      await Promise.all(writes)
      assert.deepEqual(partial.missing(), [])
      assert.ok((await read(opened.store, info.hash)).equals(bytes), `${size} bytes`)
    }
  })

  test('of overlapping writes the last one counts', async () => {
    await using opened = await open()
    for (const size of [10_000, 100_000]) {
      const bytes = bytesOf(size)
      const partial = await begin(opened.store, bytes)

      await partial.write(0, bytesOf(size, 2).subarray(0, size - 1_000))
      await partial.write(3_000, bytes.subarray(3_000))
      await partial.write(0, bytes.subarray(0, 3_500))

      const { hash } = await partial.finish()
      assert.ok((await read(opened.store, hash)).equals(bytes))
    }
  })

  test('an empty blob is complete from the start', async () => {
    await using opened = await open()
    const partial = await begin(opened.store, new Uint8Array())

    assert.deepEqual(partial.missing(), [])
    const info = await partial.finish()

    assert.deepEqual(await opened.store.stat(info.hash), info)
  })

  test('a finished blob can be finished again, and writes change nothing', async () => {
    await using opened = await open()
    for (const size of sizes) {
      const bytes = bytesOf(size)
      const partial = await begin(opened.store, bytes)
      await partial.write(0, bytes)
      const [one, other] = await Promise.all([partial.finish(), partial.finish()])

      await partial.write(0, new Uint8Array(size))
      await partial.discard()

      assert.deepEqual(other, one)
      assert.deepEqual(await partial.finish(), one)
      assert.ok((await read(opened.store, one.hash)).equals(bytes), `${size} bytes`)
    }
  })
}

function refusing(open: () => Promise<OpenedBlobs>): void {
  test('wrong bytes do not become visible, and can be overwritten', async () => {
    await using opened = await open()
    for (const size of sizes) {
      const bytes = bytesOf(size)
      const partial = await begin(opened.store, bytes)
      await partial.write(0, bytes)
      await partial.write(size - 1, Uint8Array.of((bytes[size - 1] ?? 0) ^ 1))

      await assert.rejects(partial.finish(), withCode('hash-mismatch'))
      await requireAbsent(opened.store, bytes)

      await partial.write(size - 1, bytes.subarray(size - 1))
      const { hash } = await partial.finish()
      assert.ok((await read(opened.store, hash)).equals(bytes), `${size} bytes`)
    }
  })

  test('a blob with gaps cannot be finished', async () => {
    await using opened = await open()
    for (const size of sizes) {
      const bytes = bytesOf(size)
      const partial = await begin(opened.store, bytes)
      await partial.write(1, bytes.subarray(1))

      await assert.rejects(partial.finish(), withCode('range-invalid'))

      await requireAbsent(opened.store, bytes)
    }
  })

  test('a write outside of the blob is refused, and changes nothing', async () => {
    await using opened = await open()
    for (const size of sizes) {
      const bytes = bytesOf(size)
      const partial = await begin(opened.store, bytes)

      for (const offset of [1, -1, 0.5, Number.NaN, size, 2 ** 60])
        await assert.rejects(partial.write(offset, bytes), withCode('range-invalid'), `${offset}`)

      assert.deepEqual(partial.missing(), [{ start: 0, end: size - 1 }])
    }
    for (const size of [-1, 0.5, Number.NaN])
      await assert.rejects(
        opened.store.partial(hashBytes(bytesOf(1)), size),
        withCode('range-invalid'),
      )
  })

  test('a discarded blob leaves nothing, takes no writes, and can be started again', async () => {
    await using opened = await open()
    for (const size of sizes) {
      const bytes = bytesOf(size)
      const before = await opened.leftovers()
      const partial = await begin(opened.store, bytes)
      const written = partial.write(0, bytes)

      await partial.discard()
      await partial.discard()

      await written
      assert.deepEqual(await opened.leftovers(), before)
      await assert.rejects(partial.write(0, bytes), withCode('aborted'))
      await assert.rejects(partial.finish(), withCode('aborted'))
      const again = await begin(opened.store, bytes)
      assert.deepEqual(again.missing(), [{ start: 0, end: size - 1 }])
      await again.discard()
      await requireAbsent(opened.store, bytes)
    }
  })
}

function sharing(open: () => Promise<OpenedBlobs>): void {
  test('all callers for the same blob write to the same one', async () => {
    await using opened = await open()
    for (const size of [10_000, 100_000]) {
      const bytes = bytesOf(size)
      const [one, other] = await Promise.all([
        begin(opened.store, bytes),
        begin(opened.store, bytes),
      ])
      await one.write(0, bytes.subarray(0, 5_000))
      const late = await begin(opened.store, bytes)

      assert.deepEqual(other.missing(), [{ start: 5_000, end: size - 1 }])
      assert.deepEqual(late.missing(), other.missing())
      await late.write(5_000, bytes.subarray(5_000))
      const { hash } = await one.finish()
      assert.ok((await read(opened.store, hash)).equals(bytes))
    }
  })

  test('a wrong size does not block the right one', async () => {
    await using opened = await open()
    for (const size of [10_000, 100_000]) {
      const bytes = bytesOf(size)
      const wrong = await opened.store.partial(hashBytes(bytes), 70_000)
      await wrong.write(0, new Uint8Array(70_000))
      const partial = await begin(opened.store, bytes)
      await partial.write(0, bytes)

      const { hash } = await partial.finish()

      await assert.rejects(wrong.finish(), withCode('hash-mismatch'))
      await wrong.discard()
      assert.ok((await read(opened.store, hash)).equals(bytes))
    }
  })

  test('a concurrent put of the same blob does no harm, and is not harmed', async () => {
    await using opened = await open()
    for (const size of sizes) {
      const bytes = bytesOf(size)
      const [finished, discarded] = [bytes, bytesOf(size, 2)]
      const partials = [await begin(opened.store, finished), await begin(opened.store, discarded)]
      for (const [index, whole] of [finished, discarded].entries()) {
        await partials[index]?.write(0, whole.subarray(0, size >> 1))
        await opened.store.put(whole)
        assert.ok((await read(opened.store, hashBytes(whole))).equals(whole))
      }

      await partials[0]?.write(size >> 1, finished.subarray(size >> 1))
      await partials[0]?.finish()
      await partials[1]?.discard()

      for (const whole of [finished, discarded])
        assert.ok((await read(opened.store, hashBytes(whole))).equals(whole), `${size} bytes`)
    }
  })
}
