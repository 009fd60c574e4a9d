/** Groves as processes, on whose disks bytes change. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import Sqlite from 'better-sqlite3'
import { type Cid, cidToBytes, hashBytes } from '../../../src/core/cid.ts'
import type { FederationPeer } from '../../../src/core/wire/federation.ts'
import type { FetchResult } from '../../../src/core/wire/fetch.ts'
import type { GroveInfo } from '../../../src/core/wire/grove.ts'
import { getJson, postJson, publishTo } from '../../support/http.ts'
import { someBytes } from '../../support/peer.ts'
import { groves } from '../../support/processes/groves.ts'
import { until } from '../../support/until.ts'

const { at, start } = groves()
const model = someBytes(3_000_000, 1)
const modelHash = hashBytes(model)
const files = { 'model.bin': model, 'notes.txt': 'some notes' }

/** Changes a byte of a blob file and nothing else about it, as a bad sector does. */
function rot(dir: string, hash: Cid): void {
  const hex = hash.slice('blake3:'.length)
  const path = join(dir, 'blobs', hex.slice(0, 2), hex.slice(2))
  const bytes = readFileSync(path)
  bytes[1_000_000] = (bytes[1_000_000] ?? 0) ^ 1
  copyFileSync(path, `${dir}.before`)
  assert.equal(spawnSync('touch', ['-r', path, `${dir}.before`]).status, 0)
  writeFileSync(path, bytes)
  assert.equal(spawnSync('touch', ['-r', `${dir}.before`, path]).status, 0)
}

function rotManifest(dir: string, cid: Cid): void {
  const database = new Sqlite(join(dir, 'grove.db'))
  const row = database.prepare('SELECT manifest FROM contribution WHERE cid = ?').pluck()
  const bytes = Buffer.from(row.get(cidToBytes(cid)) as Uint8Array)
  bytes[20] = (bytes[20] ?? 0) ^ 1
  database.prepare('UPDATE contribution SET manifest = ? WHERE cid = ?').run(bytes, cidToBytes(cid))
  database.close()
}

const fetchInto = (url: string, cid: Cid, body: object = {}) =>
  postJson<FetchResult>(url, `/api/contributions/${cid}/fetch`, body)

async function peersOf(url: string): Promise<FederationPeer[]> {
  return (await getJson<{ peers: FederationPeer[] }>(url, '/api/federation/peers')).peers
}

test('a damaged blob is never sent whole, is told of, and comes back from a peer', async () => {
  const a = await start('blob-a')
  const work = await publishTo(a.url, { summary: 'work' }, files)
  const b = await start('blob-b', '--peer', a.url, '--sync', 'off')
  await fetchInto(b.url, work.cid)
  rot(at('blob-b'), modelHash)
  const url = `${b.url}/api/blobs/${modelHash}`

  await assert.rejects(fetch(url).then((answer) => answer.arrayBuffer()))

  assert.equal((await fetch(url)).status, 404)
  const { storage } = await getJson<GroveInfo>(b.url, '/api/grove')
  assert.deepEqual(storage, { damaged: 1, damagedHashes: [modelHash] })
  assert.match(b.log(), /"level":"error".*damaged/)
  assert.deepEqual((await fetchInto(b.url, work.cid)).missing, [])
  assert.ok(Buffer.from(await (await fetch(url)).arrayBuffer()).equals(model))
  assert.equal((await getJson<GroveInfo>(b.url, '/api/grove')).storage?.damaged, 0)
})

test('publishing the same file again heals it', async () => {
  const a = await start('publish')
  await publishTo(a.url, { summary: 'first' }, files)
  rot(at('publish'), modelHash)

  const again = await publishTo(a.url, { summary: 'second' }, files)

  const answer = await fetch(`${a.url}/api/contributions/${again.cid}/artifacts/model.bin`)
  assert.ok(Buffer.from(await answer.arrayBuffer()).equals(model))
})

test('an honest peer whose bytes rot is not convicted, and another one is asked', async () => {
  const a = await start('honest-a')
  const work = await publishTo(a.url, { summary: 'work' }, files)
  const b = await start('honest-b', '--peer', a.url)
  await fetchInto(b.url, work.cid)
  const c = await start('honest-c', '--peer', a.url, '--peer', b.url, '--sync', 'off')
  await until('C knows both', async () => (await peersOf(c.url)).length === 2)
  rot(at('honest-a'), modelHash)

  const result = await fetchInto(c.url, work.cid, { peer: a.url })

  assert.deepEqual(result.missing, [])
  assert.deepEqual(
    (await peersOf(c.url)).map(({ record }) => record.bytesBad),
    [0, 0],
  )
})

test('a damaged manifest is not served, and comes back from a peer', async () => {
  const a = await start('manifest-a')
  const work = await publishTo(a.url, { summary: 'work' })
  const b = await start('manifest-b', '--peer', a.url, '--sync', 'off')
  await fetchInto(b.url, work.cid)
  await b.stop()
  rotManifest(at('manifest-b'), work.cid)
  const again = await start('manifest-b', '--peer', a.url, '--sync', 'off')
  const status = async (path: string) => (await fetch(`${again.url}${path}`)).status

  assert.equal(await status(`/api/contributions/${work.cid}`), 404)
  assert.equal(await status(`/api/gossip/contribution/${work.cid}`), 404)
  assert.equal(await status('/api/contributions'), 200)
  await fetchInto(again.url, work.cid)
  assert.equal(await status(`/api/contributions/${work.cid}`), 200)
})
