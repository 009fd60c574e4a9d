import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Cid, hashBytes } from '../../../src/core/cid.ts'
import type { BlobStore, ByteSource } from '../../../src/ports/blob-store.ts'
import { seeded } from '../../../src/runtime/random.ts'
import { withCode } from '../../support/errors.ts'
import type { Opened } from '../samples.ts'

/**
 * A blob store under test, and the names of everything it keeps, blobs and temporary files alike.
 */
export interface OpenedBlobs extends Opened<BlobStore> {
  leftovers(): Promise<string[]>
}

/** Sizes around every boundary that a store may have. */
const sizes = [0, 1, 1_000, 64 * 1024 - 1, 64 * 1024, 64 * 1024 + 1, 300_000, 3 * 1024 * 1024 + 7]

export function bytesOf(size: number, seed = 1): Uint8Array {
  const random = seeded(seed)
  return Uint8Array.from({ length: size }, () => random.next() * 256)
}

async function* inChunks(bytes: Uint8Array, chunkSize: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += chunkSize)
    yield bytes.subarray(start, start + chunkSize)
}

async function* failing(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield* inChunks(bytes, 1_000)
  throw new Error('the source broke')
}

/** A source that gives some bytes and then never continues. */
async function* stuck(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield* inChunks(bytes, 64 * 1024)
  await new Promise(() => {})
}

export async function read(
  store: BlobStore,
  hash: Cid,
  range?: { start: number; end: number },
): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of await store.get(hash, range === undefined ? {} : { range }))
    chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** What every BlobStore does with blobs of any size. `open` gives an empty store. */
export function blobStoreSuite(name: string, open: () => Promise<OpenedBlobs>): void {
  describe(`${name}: blobs`, () => {
    keeping(open)
    refusing(open)
  })
}

function keeping(open: () => Promise<OpenedBlobs>): void {
  test('bytes of any size are returned under their hash, streamed or not', async () => {
    await using opened = await open()
    for (const size of sizes) {
      const bytes = bytesOf(size)

      const streamed = await opened.store.put(inChunks(bytes, 10_007))
      const atOnce = await opened.store.put(bytes, { expect: hashBytes(bytes), maxBytes: size })

      assert.deepEqual(streamed, { hash: hashBytes(bytes), sizeBytes: size })
      assert.deepEqual(atOnce, streamed)
      assert.deepEqual(await opened.store.stat(streamed.hash), streamed)
      assert.ok((await read(opened.store, streamed.hash)).equals(bytes), `${size} bytes`)
    }
  })

  test('single bytes, empty chunks and one large chunk give the same blob', async () => {
    await using opened = await open()
    const bytes = bytesOf(70_000)
    async function* uneven(): AsyncGenerator<Uint8Array> {
      for (let index = 0; index < 100; index++) yield bytes.subarray(index, index + 1)
      yield new Uint8Array()
      yield bytes.subarray(100)
    }

    const { hash } = await opened.store.put(uneven())

    assert.equal(hash, hashBytes(bytes))
    assert.ok((await read(opened.store, hash)).equals(bytes))
  })

  test('a range includes both ends, and is cut at the end of the blob', async () => {
    await using opened = await open()
    for (const size of sizes.filter((size) => size > 100)) {
      const bytes = bytesOf(size)
      const { hash } = await opened.store.put(bytes)
      const ranges = [
        [0, 0],
        [1, 99],
        [size - 1, size - 1],
        [10, size + 10],
        [0, size - 1],
      ] as const

      for (const [start, end] of ranges) {
        const part = await read(opened.store, hash, { start, end })
        assert.ok(part.equals(bytes.subarray(start, end + 1)), `${start}-${end} of ${size}`)
      }
    }
  })

  test('missing lists the hashes that are not held, in order, each once', async () => {
    await using opened = await open()
    const [here, large] = [
      await opened.store.put(bytesOf(10)),
      await opened.store.put(bytesOf(100_000)),
    ]
    const [a, b] = [hashBytes(bytesOf(20)), hashBytes(bytesOf(30))]

    const missing = await opened.store.missing([b, here.hash, a, large.hash, b])

    assert.deepEqual(missing, [b, a])
  })

  test('a deleted blob is missing, and can be put again', async () => {
    await using opened = await open()
    for (const size of sizes) {
      const { hash } = await opened.store.put(bytesOf(size))

      assert.equal(await opened.store.delete(hash), true)

      assert.equal(await opened.store.stat(hash), undefined)
      assert.equal(await opened.store.delete(hash), false)
      assert.equal((await opened.store.put(bytesOf(size))).hash, hash)
    }
  })

  test('many concurrent puts of a few blobs store each blob once, whole', async () => {
    await using opened = await open()
    const blobs = [10, 1_000, 50_000, 400_000].map((size) => bytesOf(size))

    const infos = await Promise.all(
      Array.from({ length: 40 }, (_, n) => opened.store.put(inChunks(blobs[n % 4]!, 7_777))),
    )

    assert.equal(new Set(infos.map(({ hash }) => hash)).size, 4)
    for (const bytes of blobs) assert.ok((await read(opened.store, hashBytes(bytes))).equals(bytes))
  })
}

function refusing(open: () => Promise<OpenedBlobs>): void {
  const absent = hashBytes(new Uint8Array([1, 2, 3]))

  async function rejects(
    put: (store: BlobStore) => Promise<unknown>,
    expected: (error: unknown) => boolean,
  ): Promise<void> {
    await using opened = await open()
    await opened.store.put(bytesOf(50_000))
    const before = await opened.leftovers()

    await assert.rejects(put(opened.store), expected)

    assert.deepEqual(await opened.leftovers(), before)
  }

  test('bytes without the expected hash leave nothing', async () => {
    for (const size of [10, 100_000]) {
      const source = (): ByteSource => inChunks(bytesOf(size, 2), 999)
      await rejects((store) => store.put(source(), { expect: absent }), withCode('hash-mismatch'))
      await rejects(
        (store) => store.put(bytesOf(size, 2), { expect: absent }),
        withCode('hash-mismatch'),
      )
    }
  })

  test('bytes beyond the limit are refused as soon as they come, and leave nothing', async () => {
    for (const maxBytes of [10, 100_000]) {
      await rejects(
        (store) => store.put(stuck(bytesOf(200_000)), { maxBytes }),
        withCode('too-large'),
      )
      await rejects((store) => store.put(bytesOf(200_000), { maxBytes }), withCode('too-large'))
    }
  })

  test('a source that breaks leaves nothing, and its error is thrown', async () => {
    for (const size of [0, 10_000, 2_000_000]) {
      await rejects(
        (store) => store.put(failing(bytesOf(size))),
        (error) => String(error).includes('the source broke'),
      )
    }
  })

  test('an abort ends a put whose source is stuck, and leaves nothing', async () => {
    for (const size of [0, 10_000, 2_000_000]) {
      const controller = new AbortController()
      const reason = new Error('enough')
      await rejects(
        (store) => {
          const put = store.put(stuck(bytesOf(size)), { signal: controller.signal })
          setImmediate(() => controller.abort(reason))
          return put
        },
        (error) => error === reason,
      )
    }
  })

  test('a put with an aborted signal does nothing', async () => {
    const signal = AbortSignal.abort(new Error('before'))
    await rejects(
      (store) => store.put(bytesOf(10), { signal }),
      (error) => String(error).includes('before'),
    )
  })

  test('get of a missing blob throws before the first byte', async () => {
    await using opened = await open()

    await assert.rejects(opened.store.get(absent), withCode('blob-missing'))
    await assert.rejects(
      opened.store.get(absent, { range: { start: 0, end: 1 } }),
      withCode('blob-missing'),
    )
    assert.equal(await opened.store.stat(absent), undefined)
  })

  test('a range that starts after the end, or is malformed, is invalid', async () => {
    await using opened = await open()
    for (const size of [0, 10, 100_000]) {
      const { hash } = await opened.store.put(bytesOf(size))
      for (const [start, end] of [
        [size, size],
        [5, 4],
        [-1, 3],
        [0.5, 3],
        [0, Number.NaN],
      ] as const) {
        await assert.rejects(
          opened.store.get(hash, { range: { start, end } }),
          withCode('range-invalid'),
          `${start}-${end}`,
        )
      }
    }
  })

  test('an abort before the first read is thrown to the reader, and to nobody else', async () => {
    await using opened = await open()
    const reason = new Error('enough')
    for (const size of [10, 3_000_000]) {
      const { hash } = await opened.store.put(bytesOf(size))
      for (const range of [undefined, { start: 1, end: size - 1 }]) {
        for (const isBefore of [true, false]) {
          const controller = new AbortController()
          const { signal } = controller
          if (isBefore) controller.abort(reason)
          const reading = async () => {
            const bytes = await opened.store.get(hash, { signal, ...(range && { range }) })
            controller.abort(reason)
            // What is thrown to nobody is thrown by now.
            for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate)
            for await (const _ of bytes);
          }
          await assert.rejects(reading(), (error: Error) => [error, error.cause].includes(reason))
        }
      }
    }
  })

  test('a reader that stops early or aborts holds nothing open', async () => {
    await using opened = await open()
    const { hash } = await opened.store.put(bytesOf(3_000_000))
    const controller = new AbortController()

    for await (const chunk of await opened.store.get(hash)) {
      assert.ok(chunk.length > 0)
      break
    }
    const aborted = async () => {
      for await (const _ of await opened.store.get(hash, { signal: controller.signal }))
        controller.abort()
    }

    await assert.rejects(aborted())
  })
}
