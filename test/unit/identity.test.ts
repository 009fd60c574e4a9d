/** A grove's key in its directory, over starts, losses and rotations. */
import assert from 'node:assert/strict'
import {
  chmod,
  link,
  mkdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { connect } from '../../src/cli/connect.ts'
import { openStores } from '../../src/compose.ts'
import { GroveError } from '../../src/core/errors.ts'
import { isKeyId, SigningKey } from '../../src/core/identity/ed25519.ts'
import { isRotation, leadsTo } from '../../src/core/identity/rotation.ts'
import { type OwnIdentity, openIdentity, rotateIdentity } from '../../src/identity.ts'
import { type Log, silentLog } from '../../src/ports/log.ts'
import type { Stores } from '../../src/ports/stores.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { seeded } from '../../src/runtime/random.ts'
import { MemoryKeys } from '../../src/stores/memory/keys.ts'
import { memoryStores } from '../../src/stores/memory/open.ts'
import { directoryOfSchema } from '../conformance/temporary.ts'
import { withCode } from '../support/errors.ts'
import { temporaryDirectory } from '../support/folder.ts'

interface Opening {
  readonly identity: OwnIdentity
  /** Everything that was logged, as text. */
  readonly logged: string
}

/** Opens a directory, and closes it after `use`. */
async function opening(
  dir: string,
  use: (stores: Stores, identity: OwnIdentity) => Promise<unknown> = async () => {},
  isServer = false,
): Promise<Opening> {
  const lines: string[] = []
  const note = (message: string, fields?: object) =>
    void lines.push(`${message} ${inspect(fields, { depth: 9, showHidden: true })}`)
  const log: Log = { ...silentLog, debug: note, info: note, warn: note, error: note }
  const { stores, identity } = await openStores({ dir }, log, isServer)
  try {
    await use(stores, identity)
  } finally {
    await stores.close()
  }
  return { identity, logged: lines.join('\n') }
}

const keyIn = (dir: string) => join(dir, 'identity.pem')
const NOW = Date.parse('2026-03-01T12:00:00.000Z')

test('the first start makes a key, which later ones find', async () => {
  await using temporary = await temporaryDirectory()
  const dir = join(temporary.dir, 'grove')

  const first = await opening(dir)
  const second = await opening(dir)

  const pem = await readFile(keyIn(dir), 'utf8')
  assert.ok(isKeyId(first.identity.key.peerId))
  assert.equal(second.identity.key.peerId, first.identity.key.peerId)
  assert.equal(SigningKey.fromPem(pem)?.peerId, first.identity.key.peerId)
  assert.equal((await stat(keyIn(dir))).mode & 0o777, 0o600)
  assert.equal(first.identity.formerly, undefined)
  assert.equal(first.logged + second.logged, '')
})

test('an older directory gets a key, and keeps its id as the former one', async () => {
  await using temporary = await directoryOfSchema(1)
  const id = 'grove-0123456789abcdef0123456789abcdef'

  for (const _ of [1, 2]) {
    const { identity, logged } = await opening(temporary.dir)
    assert.equal(identity.formerly, id)
    assert.ok(isKeyId(identity.key.peerId))
    assert.ok(!logged.includes('key'))
  }
  assert.equal(await readFile(join(temporary.dir, 'id'), 'utf8'), `${id}\n`)
})

test('a key that others may have is refused, and nothing is changed', async () => {
  await using temporary = await temporaryDirectory()
  const dir = join(temporary.dir, 'grove')
  await opening(dir)
  const pem = await readFile(keyIn(dir), 'utf8')
  const elsewhere = join(temporary.dir, 'elsewhere.pem')

  for (const mode of [0o640, 0o604, 0o602, 0o660]) {
    await chmod(keyIn(dir), mode)
    await assert.rejects(opening(dir), withCode('refused', 'chmod 600'), mode.toString(8))
    assert.equal((await stat(keyIn(dir))).mode & 0o777, mode)
  }
  await chmod(keyIn(dir), 0o600)
  await rename(keyIn(dir), elsewhere)
  await symlink(elsewhere, keyIn(dir))
  await assert.rejects(opening(dir), withCode('refused', keyIn(dir)))
  await rm(keyIn(dir))
  await mkdir(keyIn(dir))
  await assert.rejects(opening(dir), withCode('refused', 'no plain file'))

  assert.equal(await readFile(elsewhere, 'utf8'), pem)
})

test('a file that holds no key is not replaced', async () => {
  await using temporary = await temporaryDirectory()
  const dir = join(temporary.dir, 'grove')
  await opening(dir)

  for (const text of ['', 'x'.repeat(10_000)]) {
    await writeFile(keyIn(dir), text)
    await assert.rejects(opening(dir), withCode('storage-failed', 'identity.pem'))
    assert.equal(await readFile(keyIn(dir), 'utf8'), text)
  }
})

test('a key that is lost or replaced is told of', async () => {
  await using temporary = await temporaryDirectory()
  const [dir, other] = [join(temporary.dir, 'grove'), join(temporary.dir, 'other')]
  const first = await opening(dir)
  await opening(other)

  await rm(keyIn(dir))
  const second = await opening(dir)
  await rm(keyIn(dir))
  await link(keyIn(other), keyIn(dir))
  const third = await opening(dir)
  const fourth = await opening(dir)

  for (const [now, before] of [
    [second, first],
    [third, second],
  ] as const) {
    assert.notEqual(now.identity.key.peerId, before.identity.key.peerId)
    assert.match(now.logged, new RegExp(`another than before.*${before.identity.key.peerId}`, 's'))
  }
  assert.equal(fourth.logged, '')
})

test('a key that a command found lost is told of once more by the next server', async () => {
  await using temporary = await temporaryDirectory()
  const dir = join(temporary.dir, 'grove')
  const { identity: before } = await opening(dir)
  await rm(keyIn(dir))

  const command = await opening(dir)
  const another = await opening(dir)
  const server = await opening(dir, undefined, true)
  const again = await opening(dir, undefined, true)

  for (const { logged } of [command, server])
    assert.match(logged, new RegExp(`another than before.*${before.key.peerId}`, 's'))
  assert.equal(another.logged + again.logged, '')
})

test('a command that finds the key of a grove lost says so', async () => {
  await using temporary = await temporaryDirectory()
  const dir = join(temporary.dir, 'grove')
  const env = { XDG_STATE_HOME: temporary.dir }
  /** The notes of a command that only opens the grove. */
  const notesOf = async () => {
    const [answer, notes] = [new PassThrough(), new PassThrough()]
    const output = { answer, notes, unread: new AbortController().signal }
    const { signal } = new AbortController()
    const context = { env, clock: systemClock, output: output as never, signal }
    const use = { role: 'command', serveAfterMs: 60_000, creates: true } as const
    await (await connect({ dir }, context, use)).close()
    return String(notes.read() ?? '')
  }
  assert.equal(await notesOf(), '')
  const id = (await readFile(join(dir, 'id'), 'utf8')).trim()

  await rm(join(dir, 'identity.pem'))

  assert.match(await notesOf(), new RegExp(`^grove: the key of the grove is another.*${id}`))
  assert.equal(await notesOf(), '')
})

test('a rotation gives a new key, and both keys name each other', async () => {
  await using temporary = await temporaryDirectory()
  const dir = join(temporary.dir, 'grove')
  let rotated: OwnIdentity | undefined
  const { identity: before } = await opening(dir, async (stores, identity) => {
    rotated = await rotateIdentity(stores, identity, NOW)
    rotated = await rotateIdentity(stores, rotated, NOW)
  })

  const { identity: after, logged } = await opening(dir)

  assert.equal(after.key.peerId, rotated?.key.peerId)
  assert.equal(after.rotations.length, 2)
  assert.ok(after.rotations.every(isRotation))
  assert.ok(leadsTo(before.key.peerId, after.key.peerId, after.rotations))
  assert.equal(logged, '')
})

test('a rotation that a kill cuts off leaves one of the two keys, and records that agree', async () => {
  await using temporary = await temporaryDirectory()
  const killed = () => Promise.reject(new Error('killed'))
  for (const cut of ['prepare', 'note', 'settle'] as const) {
    const dir = join(temporary.dir, cut)
    const { identity: before } = await opening(dir, async ({ keys, records }, identity) => {
      const stores = {
        keys: {
          read: () => keys.read(),
          keep: (pem: string) => keys.keep(pem),
          prepared: () => keys.prepared(),
          prepare: (pem: string) => (cut === 'prepare' ? killed() : keys.prepare(pem)),
          settle: (outcome: 'take' | 'drop') =>
            cut === 'settle' ? killed() : keys.settle(outcome),
        },
        records: cut === 'note' ? { ...records, set: killed } : records,
      } as unknown as Stores
      await assert.rejects(rotateIdentity(stores, identity, NOW), /killed/)
    })

    const { identity: after, logged } = await opening(dir)

    const isThrough = cut === 'settle'
    assert.equal(after.key.peerId !== before.key.peerId, isThrough, cut)
    assert.equal(after.rotations.length, isThrough ? 1 : 0, cut)
    assert.equal(logged, '', cut)
    await assert.rejects(stat(`${keyIn(dir)}.next`), { code: 'ENOENT' })
  }
})

test('the key is nowhere but in its file', async () => {
  await using temporary = await temporaryDirectory()
  const dir = join(temporary.dir, 'grove')
  const { logged } = await opening(dir, (stores, identity) => rotateIdentity(stores, identity, NOW))

  const secret = (await readFile(keyIn(dir), 'utf8')).split('\n')[1] ?? ''
  const raw = Buffer.from(secret, 'base64').subarray(-32)

  for (const name of ['grove.db', 'id', 'lock.db']) {
    const bytes = await readFile(join(dir, name))
    for (const form of [secret.slice(22), raw, raw.toString('hex')])
      assert.equal(bytes.includes(form), false, name)
  }
  assert.ok(!logged.includes(secret))
})

test('a key that is kept is not said to be lost where the records can’t note it', async () => {
  const stores = memoryStores(seeded(1))
  stores.records.set = () => Promise.reject(new GroveError('read-only'))
  const warned: string[] = []
  const log = { ...silentLog, warn: (message: string) => void warned.push(message) }

  const { key } = await openIdentity(stores, { log })

  assert.equal(await stores.keys.read(), key.toPem())
  assert.match(warned.join(), /^which key the grove has could not be noted/)
})

test('where the key can not be kept, the grove starts with one for this time', async () => {
  const stores = memoryStores(seeded(1))
  const full = Object.assign(new MemoryKeys(), {
    keep: () => Promise.reject(new GroveError('storage-full')),
  })
  const warned: string[] = []
  const log = { ...silentLog, warn: (message: string) => void warned.push(message) }

  const identity = await openIdentity({ ...stores, keys: full }, { log })

  assert.ok(isKeyId(identity.key.peerId))
  assert.match(warned.join(), /could not be kept/)
  assert.equal(await stores.records.get('grove', 'identity'), undefined)
})
