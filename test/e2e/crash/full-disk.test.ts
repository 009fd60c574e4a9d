/** A grove as a process whose disk is full, or that has lost its database. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import Sqlite from 'better-sqlite3'
import type { FrontierAnswer } from '../../../src/core/wire/frontier.ts'
import type { GroveInfo } from '../../../src/core/wire/grove.ts'
import { getJson, publishTo } from '../../support/http.ts'
import { spawnGrove } from '../../support/processes/grove-process.ts'
import { groves } from '../../support/processes/groves.ts'
import { mount } from '../../support/processes/mount.ts'
import { until } from '../../support/until.ts'

const { at, start } = groves()
const files = { 'model.bin': Buffer.alloc(200_000, 1), 'notes.txt': 'notes' }
const alone = ['--sync', 'off']

/** Writes a file that takes all the room that is left. */
function fill(dir: string): string {
  const path = join(dir, 'filler')
  try {
    for (;;) writeFileSync(path, Buffer.alloc(65_536), { flag: 'a' })
  } catch {
    return path
  }
}

/** Leaves a database as the last migration does. */
function killedBeforeDeriving(file: string): void {
  const database = new Sqlite(file)
  database.exec('DELETE FROM place; DELETE FROM dimension; UPDATE derivation SET version = 0')
  database.close()
}

const statusOf = async (url: string, path: string) => (await fetch(`${url}${path}`)).status
const modeOf = (path: string) => statSync(path).mode & 0o777

/** What a command prints on stderr when it fails. */
async function refusal(...args: string[]): Promise<string> {
  const child = spawnGrove(args)
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const [code] = await once(child, 'close')
  assert.equal(code, 7, said)
  return said
}

test('a grove starts on a full disk, serves, says so, and stores again once there is room', async (context) => {
  const dir = at('full')
  mkdirSync(dir)
  using mounted = mount(context, dir, 'size=8m')
  if (mounted === undefined) return
  const before = await start('full', ...alone)
  const work = await publishTo(before.url, { summary: 'held' }, files)
  await before.stop()
  const filler = fill(dir)

  const grove = await start('full', ...alone)

  const { url } = grove
  assert.equal(await statusOf(url, `/api/contributions/${work.cid}/artifacts/model.bin`), 200)
  assert.equal(await statusOf(url, `/api/contributions/${work.cid}/artifacts/notes.txt`), 200)
  assert.equal(await statusOf(url, '/readyz'), 507)
  const { storage } = await getJson<GroveInfo>(url, '/api/grove')
  assert.match(storage?.failure ?? '', /full/)
  const form = new FormData()
  form.set(
    'manifest',
    JSON.stringify({ kind: 'work', mode: 'evaluation', summary: 's', agent: { agentId: 'a' } }),
  )
  const refused = await fetch(`${url}/api/contributions`, { method: 'POST', body: form })
  assert.equal(refused.status, 507)
  rmSync(filler)
  await publishTo(url, { summary: 'after' }, files)
  await until('it is ready', async () => (await statusOf(url, '/readyz')) === 200)
  await grove.stop()
})

test('a running grove whose disk fills up says so, and recovers', async (context) => {
  const dir = at('fills')
  mkdirSync(dir)
  using mounted = mount(context, dir, 'size=8m')
  if (mounted === undefined) return
  const grove = await start('fills', ...alone)
  const filler = fill(dir)

  assert.equal(await statusOf(grove.url, '/readyz'), 507)
  assert.equal(await statusOf(grove.url, '/api/contributions'), 200)
  rmSync(filler)
  await publishTo(grove.url, { summary: 'after' }, files)
  await grove.stop()
})

test('rankings that were never derived are not served empty from a full disk', async (context) => {
  const dir = at('underived')
  mkdirSync(dir)
  using mounted = mount(context, dir, 'size=8m')
  if (mounted === undefined) return
  const before = await start('underived', ...alone)
  const { cid } = await publishTo(before.url, { summary: 'held' })
  await before.stop()
  killedBeforeDeriving(join(dir, 'grove.db'))
  const filler = fill(dir)

  assert.match(await refusal('frontier', '--dir', dir), /full|room/)

  rmSync(filler)
  const grove = await start('underived', ...alone)
  const { byRecency } = await getJson<FrontierAnswer>(grove.url, '/api/frontier')
  assert.deepEqual(
    byRecency.map((entry) => entry.cid),
    [cid],
  )
  await grove.stop()
})

test('a directory that lost its database is refused, and says what to do', async () => {
  const grove = await start('lost', ...alone)
  const { peerId } = await getJson<GroveInfo>(grove.url, '/api/grove')
  await publishTo(grove.url, { summary: 'held' }, files)
  await grove.stop()
  const dir = at('lost')

  truncateSync(join(dir, 'grove.db'), 0)
  assert.match(
    await refusal('serve', '--dir', dir, '--port', '0'),
    new RegExp(`${peerId}.*backup`, 's'),
  )
  rmSync(join(dir, 'grove.db'))
  assert.match(await refusal('log', '--dir', dir), /grove\.db.*missing.*backup/s)
  rmSync(join(dir, 'id'))
  assert.match(await refusal('log', '--dir', dir), /held a grove.*backup/s)
  rmSync(join(dir, 'blobs'), { recursive: true })
  await (await start('lost', ...alone)).stop()
})

test('a damaged database is said to be one, and what to do', async () => {
  const grove = await start('damaged', ...alone)
  await publishTo(grove.url, { summary: 'held' })
  await grove.stop()
  const database = join(at('damaged'), 'grove.db')
  const size = statSync(database).size
  writeFileSync(database, Buffer.alloc(size, 'x'))

  assert.match(await refusal('log', '--dir', at('damaged')), /grove\.db is damaged.*backup/s)
})

test('what a grove makes is for its user alone', async () => {
  const grove = await start('private', ...alone)
  await publishTo(grove.url, { summary: 'held' }, files)
  const dir = at('private')

  assert.equal(modeOf(dir), 0o700)
  for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (['server.json', 'grove.json'].includes(entry.name)) continue
    assert.equal(modeOf(path), entry.isDirectory() ? 0o700 : 0o600, path)
  }
  await grove.stop()
})

test("an old directory of Grove's is tightened; one that it did not make is left", async () => {
  for (const [name, isShared] of [
    ['old', false],
    ['shared', true],
  ] as const) {
    await (await start(name, ...alone)).stop()
    const dir = at(name)
    rmSync(join(dir, 'id'))
    for (const path of ['', 'blobs']) chmodSync(join(dir, path), 0o755)
    chmodSync(join(dir, 'grove.db'), 0o644)
    if (isShared) writeFileSync(join(dir, 'notes.md'), 'mine')

    const grove = await start(name, ...alone)

    assert.equal(modeOf(dir), isShared ? 0o755 : 0o700)
    assert.equal(modeOf(join(dir, 'blobs')), 0o700)
    assert.equal(modeOf(join(dir, 'grove.db')), 0o600)
    assert.match(grove.log(), isShared ? /can be read by others/ : /now only by its user/)
    await grove.stop()
  }
})
