import assert from 'node:assert/strict'
import { copyFile, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { openStores } from '../../../src/compose.ts'
import { silentLog } from '../../../src/ports/log.ts'
import { local, sample } from '../../conformance/samples.ts'
import { withCode } from '../../support/errors.ts'
import { temporaryDirectory } from '../../support/folder.ts'

/** What happens to the files of a database while it is open. */
const losses: Readonly<Record<string, (dir: string) => Promise<void>>> = {
  'the directory was deleted': (dir) => rm(dir, { recursive: true }),
  'the directory was moved': (dir) => rename(dir, `${dir}-moved`),
  'the database was deleted': (dir) => rm(join(dir, 'grove.db')),
  'the log was deleted': (dir) => rm(join(dir, 'grove.db-wal')),
  'a copy was put in place of the database': async (dir) => {
    await copyFile(join(dir, 'grove.db'), join(dir, 'copy'))
    await rename(join(dir, 'copy'), join(dir, 'grove.db'))
  },
}

for (const [name, lose] of Object.entries(losses))
  test(`nothing is acknowledged after ${name}, and what is held is read`, async () => {
    await using temporary = await temporaryDirectory()
    const dir = join(temporary.dir, 'grove')
    await using opened = (await openStores({ dir }, silentLog)).stores
    const held = sample({ summary: 'held' })
    await opened.graph.put(held, local())

    await lose(dir)

    await assert.rejects(
      opened.graph.put(sample({ summary: 'lost' }), local()),
      withCode('storage-failed'),
    )
    await assert.rejects(opened.health.check({ writes: true }), withCode('storage-failed'))
    assert.ok(await opened.graph.get(held.cid))
    assert.equal(await opened.graph.count(), 1)
  })

test('a database that was deleted before the first write is not made anew', async () => {
  await using temporary = await temporaryDirectory()
  const { dir } = temporary
  await (await openStores({ dir }, silentLog)).stores.close()
  await using opened = (await openStores({ dir }, silentLog)).stores

  await rm(join(dir, 'grove.db'))

  await assert.rejects(opened.graph.put(sample(), local()), withCode('storage-failed'))
  assert.ok(!(await readdir(dir)).includes('grove.db'))
})
