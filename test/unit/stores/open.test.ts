import assert from 'node:assert/strict'
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

  assert.equal(second.peerId, first.peerId)
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

    assert.notEqual(second.peerId, first.peerId)
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
