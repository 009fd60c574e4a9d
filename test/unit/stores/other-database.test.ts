import assert from 'node:assert/strict'
import { cp, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import Sqlite from 'better-sqlite3'
import { systemClock } from '../../../src/runtime/clock.ts'
import { seeded } from '../../../src/runtime/random.ts'
import { nextTurn } from '../../../src/runtime/turn.ts'
import { openSqliteStores } from '../../../src/stores/sqlite/open.ts'
import { withCode } from '../../support/errors.ts'
import { temporaryDirectory } from '../../support/folder.ts'

const openIn = (dir: string) =>
  openSqliteStores({ dir, nextTurn, clock: systemClock, random: seeded(1) })

/** Names, modes and bytes of a directory's files, and its own mode. */
async function stateOf(dir: string) {
  const files = await Promise.all(
    (await readdir(dir)).map(async (name) => {
      const path = join(dir, name)
      return [name, (await stat(path)).mode, (await readFile(path)).toString('hex')]
    }),
  )
  return [(await stat(dir)).mode, files]
}

for (const [state, journal] of [
  ['ended', 'delete'],
  ['ended', 'wal'],
  ['was killed', 'wal'],
]) {
  test(`the directory of another program that ${state} is refused, untouched (${journal})`, async () => {
    await using temporary = await temporaryDirectory()
    const [running, dir] = [join(temporary.dir, 'running'), join(temporary.dir, 'left')]
    await mkdir(running)
    const database = new Sqlite(join(running, 'grove.db'))
    database.pragma(`journal_mode = ${journal}`)
    database.exec('CREATE TABLE contributions (cid TEXT)')
    if (state === 'ended') database.close()
    await cp(running, dir, { recursive: true })
    database.close()
    const before = await stateOf(dir)

    await assert.rejects(openIn(dir), withCode('storage-failed', 'not one of this Grove'))

    assert.deepEqual(await stateOf(dir), before)
  })
}

test('a directory in which a start was cut short is opened', async () => {
  await using temporary = await temporaryDirectory()
  const file = join(temporary.dir, 'grove.db')
  await writeFile(join(temporary.dir, 'lock.db'), '')
  const database = new Sqlite(file)
  database.pragma('journal_mode = WAL')
  database.close()

  await using stores = await openIn(temporary.dir)

  assert.equal(await stores.graph.count(), 0)
})
