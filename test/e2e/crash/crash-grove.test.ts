import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { hashBytes } from '../../../src/core/cid.ts'
import type { ContributionView } from '../../../src/core/contribution/schema.ts'
import type { FetchResult } from '../../../src/core/wire/fetch.ts'
import { seeded } from '../../../src/runtime/random.ts'
import { getJson, postJson, publishTo } from '../../support/http.ts'
import { groves } from '../../support/processes/groves.ts'
import { until } from '../../support/until.ts'

/** How often a grove is started and killed. */
const LIVES = 8

const { at, start } = groves()

/** Content with a size below or above the limit for blobs in the database. */
const content = (life: number, index: number) =>
  `${life}/${index} `.repeat(index % 3 === 0 ? 30_000 : 100)

/** Publishes until the grove is gone, and adds each acknowledged cid to the list. */
async function publishUntilDeath(url: string, life: number, acknowledged: string[]): Promise<void> {
  const author = async (lane: number) => {
    for (let index = lane; ; index += 4) {
      const work = await publishTo(
        url,
        { summary: `life ${life} item ${index}`, tags: ['crash'] },
        { 'data.txt': content(life, index) },
      )
      acknowledged.push(work.cid)
    }
  }
  const deaths = await Promise.allSettled([0, 1, 2, 3].map(author))
  assert.ok(deaths.every((death) => death.status === 'rejected'))
}

/** Asserts that all visible contributions have all of their bytes, which hash to their names. */
async function checkWhole(url: string): Promise<Set<string>> {
  const seen = new Set<string>()
  const all = await getJson<ContributionView[]>(url, '/api/contributions?limit=1000')
  for (const work of all) {
    seen.add(work.cid)
    for (const [name, hash] of Object.entries(work.artifacts)) {
      const answer = await fetch(
        `${url}/api/contributions/${work.cid}/artifacts/${encodeURIComponent(name)}`,
      )
      assert.equal(answer.status, 200, `${name} of ${work.cid}`)
      assert.equal(hashBytes(new Uint8Array(await answer.arrayBuffer())), hash)
    }
  }
  return seen
}

test('a grove killed while publishing keeps what it acknowledged, and nothing partial', {
  timeout: 120_000,
}, async () => {
  const random = seeded(20261123)
  const acknowledged: string[] = []
  for (let life = 0; life < LIVES; life++) {
    const grove = await start('a')
    const enough = acknowledged.length + 2 + Math.floor(random.next() * 10)
    const publishing = publishUntilDeath(grove.url, life, acknowledged)
    await until('some publishes', () => acknowledged.length >= enough)
    await sleep(random.next() * 20)
    await grove.kill()
    await publishing
  }

  const grove = await start('a')
  const seen = await checkWhole(grove.url)

  assert.ok(acknowledged.length > LIVES, `${acknowledged.length} publishes were acknowledged`)
  assert.deepEqual(
    acknowledged.filter((cid) => !seen.has(cid)),
    [],
  )
  assert.deepEqual(await readdir(at('a/tmp')), [])
  await publishTo(grove.url, { summary: 'life goes on' }, { 'data.txt': content(0, 0) })
})

test('a grove killed repeatedly during a fetch shows nothing partial, and can repeat the fetch', {
  timeout: 120_000,
}, async () => {
  const random = seeded(7)
  const source = await start('source')
  const works: ContributionView[] = []
  for (let index = 0; index < LIVES; index++) {
    const artifacts = Object.fromEntries(
      Array.from({ length: 40 }, (_, part) => [`part-${part}`, content(index, part)]),
    )
    works.push(await publishTo(source.url, { summary: `work ${index}` }, artifacts))
  }

  for (const work of works) {
    const grove = await start('b', '--sync', 'off')
    const fetching = fetch(`${grove.url}/api/contributions/${work.cid}/fetch`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ peer: source.url }),
    }).then(
      () => undefined,
      () => undefined,
    )
    await sleep(random.next() * 120)
    await grove.kill()
    await fetching
  }

  const grove = await start('b', '--sync', 'off')
  await checkWhole(grove.url)
  assert.deepEqual(await readdir(at('b/tmp')), [])
  for (const work of works) {
    const result = await postJson<FetchResult>(grove.url, `/api/contributions/${work.cid}/fetch`, {
      peer: source.url,
    })
    assert.deepEqual(result.missing, [])
  }
  assert.equal((await checkWhole(grove.url)).size, LIVES)
})
