/** What the stores of a directory do with bytes that the disk has changed. */
import assert from 'node:assert/strict'
import { readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import Sqlite from 'better-sqlite3'
import { type Cid, cidToBytes, hashBytes } from '../../src/core/cid.ts'
import type { Damage } from '../../src/ports/store-health.ts'
import { withCode } from '../support/errors.ts'
import { at, cidsOf, local, sample, storedIn } from './samples.ts'
import { bytesOf, read } from './suites/blob-store.ts'
import { temporaryStores } from './temporary.ts'

const large = bytesOf(1_000_000)
const small = bytesOf(1_000)
const isMissing = withCode('blob-missing', 'damaged')

function fileOf(dir: string, hash: Cid): string {
  const hex = hash.slice('blake3:'.length)
  return join(dir, 'blobs', hex.slice(0, 2), hex.slice(2))
}

/** Changes one byte, as rot does: the file looks as before. */
async function rot(path: string, offset = 999_000): Promise<void> {
  const bytes = await readFile(path)
  bytes[offset] = (bytes[offset] ?? 0) ^ 1
  await writeFile(path, bytes)
}

/** Changes one byte of a blob or a manifest in the database. */
function rotRow(dir: string, table: 'blob' | 'contribution', hash: Cid): void {
  const [key, column] = table === 'blob' ? ['hash', 'bytes'] : ['cid', 'manifest']
  const database = new Sqlite(join(dir, 'grove.db'))
  const row = database.prepare(`SELECT ${column} FROM ${table} WHERE ${key} = ?`)
  const bytes = Buffer.from(row.pluck().get(cidToBytes(hash)) as Uint8Array)
  bytes[10] = (bytes[10] ?? 0) ^ 1
  database
    .prepare(`UPDATE ${table} SET ${column} = ? WHERE ${key} = ?`)
    .run(bytes, cidToBytes(hash))
  database.close()
}

const setAside = (dir: string): Promise<string[]> => readdir(join(dir, 'damaged')).catch(() => [])

test('a damaged file is not read to its end; it is set aside and counts as missing', async () => {
  await using temporary = await temporaryStores()
  const { dir, stores } = temporary
  const { hash } = await stores.blobs.put(large)
  await rot(fileOf(dir, hash))
  const found: Damage[] = []
  stores.health.onDamage((damage) => found.push(damage))
  let received = 0

  await assert.rejects(async () => {
    for await (const chunk of await stores.blobs.get(hash)) received += chunk.byteLength
  }, isMissing)

  assert.ok(received < large.byteLength)
  assert.equal(await stores.blobs.stat(hash), undefined)
  assert.deepEqual(await stores.blobs.missing([hash]), [hash])
  assert.deepEqual(await setAside(dir), [hash.slice('blake3:'.length)])
  assert.deepEqual(found, [{ hash, what: 'blob' }])
  await assert.rejects(stores.blobs.get(hash), isMissing)
})

test('damage is known after a restart, and healed by a put or by the pieces of a fetch', async () => {
  for (const heal of ['put', 'partial'] as const) {
    await using temporary = await temporaryStores()
    const { dir, stores } = temporary
    const blobs = await Promise.all([large, small].map((bytes) => stores.blobs.put(bytes)))
    await rot(fileOf(dir, blobs[0]!.hash))
    rotRow(dir, 'blob', blobs[1]!.hash)
    for (const { hash } of blobs) await assert.rejects(read(stores.blobs, hash), isMissing)

    const again = await temporary.reopen()

    const hashes = blobs.map(({ hash }) => hash)
    assert.deepEqual(new Set(again.health.damaged()), new Set(hashes))
    assert.deepEqual(await again.blobs.missing(hashes), hashes)
    for (const [index, bytes] of [large, small].entries()) {
      if (heal === 'put') await again.blobs.put(bytes)
      else {
        const partial = await again.blobs.partial(hashes[index]!, bytes.byteLength)
        await partial.write(0, bytes)
        await partial.finish()
      }
      assert.ok((await read(again.blobs, hashes[index]!)).equals(bytes))
    }
    assert.deepEqual(again.health.damaged(), [])
    assert.deepEqual(await setAside(dir), [])
  }
})

test('a file that was changed since it was put is found out before it is read', async () => {
  await using temporary = await temporaryStores()
  const { dir, stores } = temporary
  const infos = await Promise.all([1, 2, 3].map((seed) => stores.blobs.put(bytesOf(100_000, seed))))
  // The stamps of the files are committed no later than what is written after them.
  await stores.records.set('any', 'record', {})
  const [cut, flipped, touched] = infos.map(({ hash }) => hash) as [Cid, Cid, Cid]
  await truncate(fileOf(dir, cut), 70_000)
  await rot(fileOf(dir, flipped), 5)
  await utimes(fileOf(dir, touched), 1, 1)

  assert.deepEqual(await stores.blobs.missing([cut, flipped, touched]), [cut, flipped])
  await assert.rejects(stores.blobs.get(flipped, { range: { start: 0, end: 9 } }), isMissing)
  assert.equal((await stores.blobs.stat(touched))?.sizeBytes, 100_000)
})

test('a folder of blobs that somebody deletes is made again', async () => {
  await using temporary = await temporaryStores()
  const { dir, stores } = temporary
  const { hash } = await stores.blobs.put(large)
  await rm(dirname(fileOf(dir, hash)), { recursive: true })

  assert.deepEqual(await stores.blobs.missing([hash]), [hash])
  await stores.blobs.put(large)
  assert.ok((await read(stores.blobs, hash)).equals(large))
})

test('a damaged small blob is found by a read of any part, and by who is to publish it', async () => {
  await using temporary = await temporaryStores()
  const { dir, stores } = temporary
  const { hash } = await stores.blobs.put(small)
  rotRow(dir, 'blob', hash)

  assert.deepEqual(await stores.blobs.missing([hash]), [hash])
  await assert.rejects(stores.blobs.get(hash, { range: { start: 900, end: 950 } }), isMissing)
  assert.equal(await stores.blobs.stat(hash), undefined)
  const [name = ''] = await setAside(dir)
  assert.equal((await readFile(join(dir, 'damaged', name))).byteLength, small.byteLength)
})

test('putting what is held replaces damaged bytes that nobody has read', async () => {
  await using temporary = await temporaryStores()
  const { dir, stores } = temporary
  for (const bytes of [large, small]) await stores.blobs.put(bytes)
  await rot(fileOf(dir, hashBytes(large)))
  rotRow(dir, 'blob', hashBytes(small))

  for (const bytes of [large, small]) await stores.blobs.put(bytes)

  for (const bytes of [large, small])
    assert.ok((await read(stores.blobs, hashBytes(bytes))).equals(bytes))
})

test('a damaged manifest is left out wherever it is read, and a put mends it', async () => {
  await using temporary = await temporaryStores()
  const { dir, stores } = temporary
  const scores = { loss: { value: 1, direction: 'minimize' as const } }
  const [one, lost, other] = [0, 1, 2].map((n) =>
    sample({ summary: `word ${n}`, createdAt: at(n), scores }),
  )
  for (const item of [one!, lost!, other!]) await stores.graph.put(item, local())
  const { cid } = lost!
  rotRow(dir, 'contribution', cid)
  const { graph } = await temporary.reopen()
  const held = [one!.cid, other!.cid]

  assert.equal(await graph.get(cid), undefined)
  assert.deepEqual(await graph.missing([...held, cid]), [cid])
  assert.deepEqual(cidsOf(await storedIn(graph)), held)
  assert.equal(await graph.bytes(cid), undefined)
  assert.deepEqual(
    (await graph.since(0, 2)).map(({ stored }) => stored.cid),
    held,
  )
  for (const { places } of await graph.frontier({ limit: 9 })) assert.equal(places.length, 2)
  assert.equal(await graph.put(lost!, local()), 'present')
  assert.deepEqual((await graph.get(cid))?.manifest, lost!.manifest)
  assert.deepEqual(await graph.missing([cid]), [])
  assert.deepEqual(await setAside(dir), [])
})
