import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { inspect } from 'node:util'
import Sqlite from 'better-sqlite3'
import { isGroveError } from '../../../src/core/errors.ts'
import { silentLog } from '../../../src/ports/log.ts'
import type { Stores } from '../../../src/ports/stores.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { systemRandom } from '../../../src/runtime/random.ts'
import { nextTurn } from '../../../src/runtime/turn.ts'
import { openSqliteStores } from '../../../src/stores/sqlite/open.ts'
import { local, sample } from '../../conformance/samples.ts'
import { withCode } from '../../support/errors.ts'
import { asOrdinaryUser } from '../../support/files/ordinary-user.ts'
import { temporaryDirectory } from '../../support/folder.ts'
import { mount } from '../../support/processes/mount.ts'

const [clock, random] = [systemClock, systemRandom]
const open = (dir: string) => openSqliteStores({ dir, nextTurn, clock, random })
const writer = join(import.meta.dirname, 'crash-writer.ts')

test('a database of a newer Grove is refused and left unchanged', async () => {
  await using temporary = await temporaryDirectory()
  const { dir } = temporary
  await (await open(dir)).close()
  const database = new Sqlite(join(dir, 'grove.db'))
  database.pragma('user_version = 99')

  await assert.rejects(open(dir), withCode('storage-newer', 'newer Grove (schema 99'))

  assert.equal(database.pragma('user_version', { simple: true }), 99)
  database.close()
})

test('a file that is not a database, or not a database of Grove, is refused', async () => {
  await using temporary = await temporaryDirectory()
  const foreign = new Sqlite(join(temporary.dir, 'grove.db'))
  foreign.exec('CREATE TABLE contributions (cid TEXT)')
  foreign.close()
  const broken = join(temporary.dir, 'broken')
  await mkdir(join(broken, 'grove.db'), { recursive: true })

  await assert.rejects(open(temporary.dir), withCode('storage-failed', 'not one of this Grove'))
  await assert.rejects(open(broken), withCode('storage-failed'))
})

test('a directory can be opened once at a time, and again after it is closed', async () => {
  await using temporary = await temporaryDirectory()
  const { dir } = temporary
  const first = await open(dir)

  await assert.rejects(open(dir), withCode('storage-locked', dir))

  await first.close()
  await (await open(dir)).close()
})

test('a directory in use by another process is refused, until that process is killed', async () => {
  await using temporary = await temporaryDirectory()
  const { dir } = temporary
  const child = spawn(process.execPath, [writer, dir, '1'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  await once(createInterface(child.stdout), 'line')

  await assert.rejects(open(dir), withCode('storage-locked', dir))

  child.kill('SIGKILL')
  await exited
  await (await open(dir)).close()
})

test('a directory that cannot be written is refused, and the error names it', async (context) => {
  await using temporary = await temporaryDirectory()
  const { dir } = temporary
  const isRoot = process.getuid?.() === 0
  using mounted = isRoot ? mount(context, dir, 'ro,size=1m') : undefined
  if (isRoot && mounted === undefined) return
  if (!isRoot) await chmod(dir, 0o555)

  await assert.rejects(open(dir), withCode('read-only', dir))
  await assert.rejects(open(join(dir, 'below')), withCode('read-only', join(dir, 'below')))
})

test('a database that its user may not write is read, says which file it is, and is written once it may be', async () => {
  await using temporary = await temporaryDirectory()
  const dir = join(temporary.dir, 'grove')
  const database = join(dir, 'grove.db')
  await chmod(temporary.dir, 0o777)
  await asOrdinaryUser(async () => {
    const before = await open(dir)
    await before.graph.put(sample(), local())
    await before.close()
    await chmod(database, 0o400)
    const warned: unknown[] = []
    const log = { ...silentLog, warn: (_: string, fields?: object) => warned.push(fields) }
    await using stores = await openSqliteStores({ dir, nextTurn, clock, random, log })

    assert.equal(await stores.graph.count(), 1)
    assert.match(inspect(warned), /grove\.db/)
    const unwritable = withCode('read-only', `chmod u+rw ${database}`)
    const other = sample({ summary: 'other' })
    await assert.rejects(stores.graph.put(other, local()), unwritable)
    await assert.rejects(stores.health.check({ writes: false }), unwritable)
    await chmod(database, 0o600)
    // SQLite made it while the database could not be written.
    assert.equal((await stat(`${database}-shm`)).mode & 0o777, 0o400)

    assert.equal(await stores.graph.put(other, local()), 'added')
    await stores.health.check({ writes: true })
  })
})

test('a path where no directory can be created is refused, and the error names it', async () => {
  await using temporary = await temporaryDirectory()
  const file = join(temporary.dir, 'file')
  await writeFile(file, '')

  await assert.rejects(open(file), withCode('storage-failed', `${file}: it is not a directory`))
  await assert.rejects(open(join(file, 'below')), withCode('storage-failed', 'not a directory'))
  // Node's recursive mkdir would never end there.
  if (existsSync('/proc/self'))
    await assert.rejects(
      open('/proc/grove'),
      (error) => isGroveError(error) && error.message.includes('/proc/grove'),
    )
})

test('operations after close are refused', async () => {
  await using temporary = await temporaryDirectory()
  const stores = await open(temporary.dir)
  await stores.close()
  await stores.close()

  const isShuttingDown = withCode('shutting-down')
  await assert.rejects(stores.graph.put(sample(), local()), isShuttingDown)
  await assert.rejects(stores.graph.count(), isShuttingDown)
  await assert.rejects(stores.blobs.put(new Uint8Array(10)), isShuttingDown)
})

test('operations begun before close are completed', async () => {
  await using temporary = await temporaryDirectory()
  const stores = await open(temporary.dir)
  const puts = Array.from({ length: 600 }, (_, index) =>
    stores.graph.put(sample({ summary: `${index}` }), local()),
  )

  await stores.close()

  assert.deepEqual(new Set(await Promise.all(puts)), new Set(['added']))
  await using again = await open(temporary.dir)
  assert.equal(await again.graph.count(), 600)
})

/** Puts contributions until the disk is full. Returns how many were acknowledged. */
async function fill(stores: Stores): Promise<number> {
  const isFull = withCode('storage-full')
  for (let count = 0; ; count++) {
    const big = sample({ summary: `${count}`, description: `word ${count} `.repeat(5_000) })
    try {
      await stores.graph.put(big, local())
    } catch (error) {
      assert.ok(isFull(error), String(error))
      return count
    }
  }
}

/** Puts different small blobs until there is no room. */
async function putSmallBlobs(stores: Stores): Promise<void> {
  for (let fill = 0; fill < 10_000; fill++) await stores.blobs.put(Buffer.alloc(4_096, `${fill} `))
}

test('a full disk gives storage-full and leaves nothing half written', async (context) => {
  await using temporary = await temporaryDirectory()
  const { dir } = temporary
  using mounted = mount(context, dir, 'size=12m')
  if (mounted === undefined) return
  await using stores = await open(dir)
  const reserve = await stores.blobs.put(new Uint8Array(3_000_000).fill(1))
  const isFull = withCode('storage-full')

  const count = await fill(stores)

  await assert.rejects(stores.blobs.put(new Uint8Array(5_000_000)), isFull)
  await assert.rejects(putSmallBlobs(stores), isFull)
  const { items, total } = await stores.graph.list({}, { limit: 1_000, offset: 0 })
  assert.ok(count > 10)
  assert.deepEqual([items.length, total, await stores.graph.count()], [count, count, count])
  assert.equal((await stores.graph.frontier({ limit: 1_000 }))[0]?.places.length, count)
  assert.equal((await stores.graph.search('word', {}, 1_000)).items.length, count)
  assert.deepEqual(await readdir(join(dir, 'tmp')), [])

  await stores.blobs.delete(reserve.hash)
  assert.equal(await stores.graph.put(sample({ summary: 'after' }), local()), 'added')
  await stores.close()
  await using again = await open(dir)
  assert.equal(await again.graph.count(), count + 1)
})

test('a blob beyond the limit for files gives storage-full', async () => {
  await using temporary = await temporaryDirectory()
  const script = join(import.meta.dirname, 'large-blob.ts')

  const { stdout } = spawnSync(
    'sh',
    ['-c', `ulimit -f 2048; exec "$0" "$1" "$2"`, process.execPath, script, temporary.dir],
    {
      encoding: 'utf8',
    },
  )

  assert.equal(stdout, 'storage-full; left in tmp: 0\n')
  await rm(temporary.dir, { recursive: true })
})
