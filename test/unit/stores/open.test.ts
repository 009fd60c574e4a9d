import assert from 'node:assert/strict'
import {
  chmod,
  cp,
  mkdir,
  readdir,
  readFile,
  rename,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { openStores } from '../../../src/compose.ts'
import { silentLog } from '../../../src/ports/log.ts'
import { local, sample } from '../../conformance/samples.ts'
import { withCode } from '../../support/errors.ts'
import { temporaryDirectory } from '../../support/folder.ts'

test('a directory, or the URL of one, keeps the grove and its id', async () => {
  await using temporary = await temporaryDirectory()
  const dir = join(temporary.dir, 'a:b')
  const first = await openStores({ dir }, silentLog)
  await first.stores.graph.put(sample(), local())
  await first.stores.close()

  const second = await openStores({ dir: temporary.dir, store: `sqlite:${dir}` }, silentLog)

  assert.equal(second.identity.key.peerId, first.identity.key.peerId)
  assert.equal(await second.stores.graph.count(), 1)
  await second.stores.close()
})

test('the default is memory, which keeps nothing', async () => {
  await using temporary = await temporaryDirectory()
  for (const settings of [{}, { store: 'memory:' }, { store: 'memory:', dir: temporary.dir }]) {
    const first = await openStores(settings, silentLog)
    await first.stores.graph.put(sample(), local())
    await first.stores.close()

    const second = await openStores(settings, silentLog)

    assert.notEqual(second.identity.key.peerId, first.identity.key.peerId)
    assert.equal(await second.stores.graph.count(), 0)
  }
})

test('a URL of no known store is refused, and the error lists the known forms', async () => {
  for (const store of ['', 'memory', 'memory:x', 'sqlite:', '/var/grove', 'mysql://host/db'])
    await assert.rejects(
      openStores({ store }, silentLog),
      withCode('usage-error', 'sqlite:DIRECTORY'),
      store,
    )
})

test('a directory with a link or a pipe in the place of what is its own is left alone', async () => {
  await using temporary = await temporaryDirectory()
  const victim = join(temporary.dir, 'victim')
  await mkdir(join(victim, 'sub'), { recursive: true })
  await writeFile(join(victim, 'sub/file'), 'precious')
  await chmod(victim, 0o755)
  const folders = ['tmp', 'blobs', 'damaged', 'run']
  const files = ['id', 'identity.pem', 'grove.db', 'grove.db-wal']
  for (const name of [...folders, ...files]) {
    const dir = join(temporary.dir, `with-${name}`)
    await mkdir(dir)
    await symlink(files.includes(name) ? '../victim/sub/file' : '../victim', join(dir, name))

    await assert.rejects(openStores({ dir }, silentLog), withCode('refused', join(dir, name)), name)

    assert.deepEqual(await readdir(dir), [name])
    assert.equal(await readFile(join(victim, 'sub/file'), 'utf8'), 'precious')
    assert.equal((await stat(victim)).mode & 0o777, 0o755)
  }
})

test('the settings may be a link', async () => {
  await using temporary = await temporaryDirectory()
  const dir = join(temporary.dir, 'grove')
  await mkdir(dir)
  await writeFile(join(temporary.dir, 'settings.json'), '{}')
  await symlink('../settings.json', join(dir, 'grove.json'))

  const { stores } = await openStores({ dir }, silentLog)

  await stores.close()
})

test('a copy of a directory has the same key, and says what that means; a moved one says nothing', async () => {
  await using temporary = await temporaryDirectory()
  const at = (name: string) => join(temporary.dir, name)
  const warned: unknown[] = []
  const log = { ...silentLog, warn: (_: string, fields?: object) => warned.push(fields) }
  await (await openStores({ dir: at('first') }, log)).stores.close()
  await rename(at('first'), at('moved'))
  await (await openStores({ dir: at('moved') }, log)).stores.close()
  const before = warned.length
  await cp(at('moved'), at('copy'), { recursive: true })

  await (await openStores({ dir: at('copy') }, log)).stores.close()

  assert.equal(before, 0)
  assert.match(JSON.stringify(warned), /grove identity rotate/)
})

test('in a copy of a directory nothing is own, in a moved one all that was', async () => {
  await using temporary = await temporaryDirectory()
  const at = (name: string) => join(temporary.dir, name)
  const item = sample()
  const first = await openStores({ dir: at('first') }, silentLog)
  await first.stores.graph.put(item, { ...local(), own: true })
  await first.stores.close()
  await rename(at('first'), at('moved'))
  await cp(at('moved'), at('copy'), { recursive: true })

  for (const [name, own] of [
    ['moved', true],
    ['copy', undefined],
    ['copy', undefined],
  ] as const) {
    const { stores } = await openStores({ dir: at(name) }, silentLog)
    assert.equal((await stores.graph.get(item.cid))?.provenance.own, own, name)
    await stores.close()
  }
})
