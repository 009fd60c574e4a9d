import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { CidHasher, hashBytes, parseCid } from '../../../src/core/cid.ts'
import type { Stores } from '../../../src/ports/stores.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { seeded, systemRandom } from '../../../src/runtime/random.ts'
import { nextTurn } from '../../../src/runtime/turn.ts'
import { openSqliteStores } from '../../../src/stores/sqlite/open.ts'
import { temporaryDirectory } from '../../support/folder.ts'

const CRASHES = 12
const writer = join(import.meta.dirname, 'crash-writer.ts')

/**
 * Runs the writer until it has acknowledged this many puts, kills it at once, and returns what it
 * acknowledged.
 */
async function killAfter(dir: string, seed: number, count: number): Promise<string[]> {
  const child = spawn(process.execPath, [writer, dir, String(seed)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const lines: string[] = []
  for await (const line of createInterface(child.stdout)) {
    if (line === 'begun') continue
    lines.push(line)
    if (lines.length === count) child.kill('SIGKILL')
  }
  const [, signal] = await exited
  assert.equal(signal, 'SIGKILL')
  return lines
}

async function requireHeld(stores: Stores, acknowledged: readonly string[]): Promise<void> {
  for (const line of acknowledged) {
    const [kind, id = ''] = line.split(' ')
    const cid = parseCid(id)
    if (kind === 'contribution') assert.ok((await stores.graph.get(cid)) !== undefined, line)
    else assert.equal(await hashOf(await stores.blobs.get(cid)), cid)
  }
}

async function hashOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const hasher = new CidHasher()
  for await (const chunk of chunks) hasher.update(chunk)
  return hasher.digest()
}

/**
 * Asserts that all visible contributions hash to their names, are ranked and numbered, and are
 * found by words.
 */
async function requireWhole(stores: Stores): Promise<void> {
  const { items: listed, total } = await stores.graph.list({}, { limit: 1_000_000, offset: 0 })
  const items = await stores.graph.getMany(listed.map(({ cid }) => cid))
  const rankings = await stores.graph.frontier({ limit: 1_000_000 })

  assert.equal(items.length, total)
  for (const { cid, bytes } of items) assert.equal(hashBytes(bytes), cid)
  assert.deepEqual(
    rankings.map(({ metric, places }) => [metric, places.length]),
    [
      ['_recency', total],
      ['loss', total],
    ],
  )
  assert.equal((await stores.graph.search('number', {}, 1_000_000)).items.length, total)
  assert.equal((await stores.graph.since(0, 1_000_000)).length, total)
}

/**
 * Asserts that every blob file is whole, acknowledged or not, and that no temporary files are left.
 */
async function requireCleanFiles(dir: string): Promise<void> {
  for (const entry of await readdir(join(dir, 'blobs'), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const shard = entry.parentPath.slice(-2)
    assert.equal(
      hashBytes(await readFile(join(entry.parentPath, entry.name))),
      `blake3:${shard}${entry.name}`,
    )
  }
  assert.deepEqual(await readdir(join(dir, 'tmp')), [])
}

test('acknowledged puts survive kill -9, and nothing partial is visible', async () => {
  await using temporary = await temporaryDirectory()
  const { dir } = temporary
  const random = seeded(20_260_301)
  const acknowledged: string[] = []

  for (let crash = 0; crash < CRASHES; crash++) {
    acknowledged.push(...(await killAfter(dir, crash, 1 + Math.floor(random.next() * 120))))

    await using stores = await openSqliteStores({
      dir,
      nextTurn,
      clock: systemClock,
      random: systemRandom,
    })
    await requireHeld(stores, acknowledged)
    await requireWhole(stores)
    await requireCleanFiles(dir)
  }

  assert.ok(acknowledged.some((line) => line.startsWith('blob ')))
})
