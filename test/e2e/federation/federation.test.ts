import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { hashBytes } from '../../../src/core/cid.ts'
import type { ContributionView } from '../../../src/core/contribution/schema.ts'
import type { FetchResult } from '../../../src/core/wire/fetch.ts'
import type { FederatedEntry, FrontierAnswer } from '../../../src/core/wire/frontier.ts'
import { openGrove } from '../../../src/index.ts'
import { getJson, postJson, publishTo } from '../../support/http.ts'
import { groves } from '../../support/processes/groves.ts'
import { until } from '../../support/until.ts'

const { at, start } = groves()

const loss = (value: number) => ({ loss: { value, direction: 'minimize' as const } })
const holds = (url: string, cid: string) => async () =>
  (await fetch(`${url}/api/contributions/${cid}`)).status === 200
const frontierOf = (url: string, metric: string) =>
  getJson<FrontierAnswer>(url, `/api/frontier?metric=${metric}`).then(
    (answer) => answer.byMetric[metric]?.map((entry) => entry.cid) ?? [],
  )

test('in a line A–B–C C gets the best of A, and builds on it after A is dead', async () => {
  const a = await start('line-a')
  const b = await start('line-b', '--peer', a.url)
  const c = await start('line-c', '--peer', b.url)
  const work = await publishTo(
    a.url,
    { summary: 'best on A', scores: loss(0.5), tags: ['lm'] },
    { 'src/train.py': 'print("a")\n' },
  )

  await until('C holds the best of A', holds(c.url, work.cid))
  await a.kill()

  const artifact = await fetch(
    `${c.url}/api/contributions/${work.cid}/artifacts/${encodeURIComponent('src/train.py')}`,
  )
  assert.equal(await artifact.text(), 'print("a")\n')
  assert.deepEqual(await frontierOf(c.url, 'loss'), [work.cid])
  const child = await publishTo(c.url, {
    summary: 'better on C',
    scores: loss(0.4),
    relations: [{ targetCid: work.cid, relationType: 'derives_from' }],
  })
  await until('B holds what C built', holds(b.url, child.cid))
  assert.deepEqual(await frontierOf(b.url, 'loss'), [child.cid, work.cid])
})

test('an announced result arrives within about a second, however long the rounds are', async () => {
  const slow = ['--gossip-interval', '10m', '--sync-interval', '10m']
  const a = await start('announce-a', ...slow)
  const b = await start('announce-b', '--peer', a.url, ...slow)
  await until(
    'A knows B',
    async () =>
      (await getJson<{ peers: unknown[] }>(a.url, '/api/gossip/peers')).peers.length === 1,
  )

  const work = await publishTo(a.url, { scores: loss(0.3) })

  await until('B holds it', holds(b.url, work.cid), 5_000)
})

test('with sync off an item is only advertised, until a fetch on demand brings it', async () => {
  const a = await start('demand-a')
  const b = await start('demand-b', '--peer', a.url, '--sync', 'off')
  const parent = await publishTo(a.url, { summary: 'parent' })
  const work = await publishTo(
    a.url,
    { scores: loss(0.1), relations: [{ targetCid: parent.cid, relationType: 'derives_from' }] },
    { 'log.txt': 'epoch 1\n' },
  )
  const review = await publishTo(a.url, {
    kind: 'review',
    relations: [{ targetCid: work.cid, relationType: 'reviews' }],
    scores: { quality: { value: 0.9, direction: 'maximize' } },
  })
  const advertisement = await until('the advertisement on B', async () => {
    const { entries } = await getJson<{ entries: FederatedEntry[] }>(b.url, '/api/gossip/frontier')
    return entries.find((entry) => entry.metric === 'loss' && entry.cid === work.cid)
  })
  assert.equal(advertisement.level, 'advertised')
  assert.equal(advertisement.direction, 'minimize')
  assert.equal(advertisement.held, false)
  assert.deepEqual(
    advertisement.providers.map((provider) => provider.address),
    [a.url],
  )
  assert.equal(await holds(b.url, work.cid)(), false)

  const quote = await postJson<FetchResult>(b.url, `/api/contributions/${work.cid}/fetch`, {
    quote: true,
  })
  assert.equal(await holds(b.url, work.cid)(), false, 'a quote stores nothing')
  assert.equal(quote.artifacts[0]?.sizeBytes, 8)
  const fetched = await postJson<FetchResult>(b.url, `/api/contributions/${work.cid}/fetch`, {})

  assert.deepEqual(fetched.missing, [])
  assert.deepEqual(
    fetched.artifacts.map(({ name, state, sizeBytes }) => ({ name, state, sizeBytes })),
    [{ name: 'log.txt', state: 'fetched', sizeBytes: 8 }],
  )
  assert.ok(fetched.bytesVerified >= 8)
  assert.equal(await holds(b.url, parent.cid)(), true, 'its parent came along')
  assert.equal(await holds(b.url, review.cid)(), true, 'its review came along')
  const ranked = await getJson<FrontierAnswer>(b.url, '/api/frontier')
  assert.equal(ranked.byReviewScore[0]?.value, 0.9, 'counted from the review that is held here')
  for (const relationType of ['derives_from', 'reviews', 'reproduces', 'adopts'] as const) {
    await publishTo(b.url, {
      summary: `${relationType} on B`,
      relations: [{ targetCid: work.cid, relationType }],
    })
  }
  const neighbours = await getJson<ContributionView[]>(b.url, `/api/dag/${work.cid}/children`)
  assert.equal(neighbours.length, 5)
})

test('publishing fetches an unknown relation target first, or fails with 404', async () => {
  const a = await start('relation-a')
  const b = await start('relation-b', '--peer', a.url, '--sync', 'off')
  const target = await publishTo(a.url, { summary: 'only on A' })
  const nowhere = `blake3:${'0'.repeat(64)}`

  const child = await publishTo(b.url, {
    summary: 'child',
    relations: [{ targetCid: target.cid, relationType: 'derives_from' }],
  })
  const refused = await postJson<{
    error: { code: string; message: string; details: { cid: string; peersAsked: string[] } }
  }>(
    b.url,
    '/api/contributions',
    {
      kind: 'work',
      mode: 'evaluation',
      summary: 'orphan',
      agent: { agentId: 'x' },
      relations: [{ targetCid: nowhere, relationType: 'derives_from' }],
    },
    404,
  )

  assert.equal(await holds(b.url, target.cid)(), true)
  assert.equal(await holds(b.url, child.cid)(), true)
  assert.equal(refused.error.code, 'NOT_FOUND')
  assert.equal(refused.error.details.cid, nowhere)
  assert.deepEqual(refused.error.details.peersAsked, [a.url])
})

test('the policy decides what is synced, by threshold, tags and artifact size', async () => {
  const a = await start('policy-a')
  const b = await start(
    'policy-b',
    '--peer',
    a.url,
    '--sync-threshold',
    'loss=0.5',
    '--sync-dimension',
    'loss',
    '--sync-tag',
    'lm',
    '--max-artifact-bytes',
    '1KiB',
  )
  const good = await publishTo(
    a.url,
    { summary: 'good', scores: loss(0.4), tags: ['lm'] },
    { small: 'x', large: 'y'.repeat(5_000) },
  )
  const bad = await publishTo(a.url, { summary: 'bad', scores: loss(0.6), tags: ['lm'] })
  const other = await publishTo(a.url, { summary: 'other', scores: loss(0.1), tags: ['vision'] })

  await until('the good one arrived', holds(b.url, good.cid))
  await postJson(b.url, '/api/federation/sync', {})

  assert.equal(await holds(b.url, bad.cid)(), false)
  assert.equal(await holds(b.url, other.cid)(), false)
  assert.equal((await fetch(`${b.url}/api/contributions/${good.cid}/artifacts/small`)).status, 200)
  assert.equal(
    (await fetch(`${b.url}/api/contributions/${good.cid}/artifacts/large`)).status,
    404,
    'too large to be taken unasked',
  )
  await postJson(b.url, `/api/contributions/${good.cid}/fetch`, {})
  assert.equal(
    (await fetch(`${b.url}/api/contributions/${good.cid}/artifacts/large`)).status,
    200,
    'asked for, it comes',
  )
})

test('an embedded grove fetches, checks out and builds on work that another serves', async () => {
  const a = await start('embedded-a')
  const work = await publishTo(a.url, { scores: loss(0.2) }, { 'notes/read me.md': '# hello\n' })
  await using grove = await openGrove({ dir: at('embedded-b') })

  const fetched = await grove.fetchRemoteContribution(work.cid, a.url, { artifacts: 'none' })
  const checkedOut = await grove.checkout(work.cid, at('workspace'))
  const child = await grove.publish({
    kind: 'work',
    mode: 'evaluation',
    summary: 'child',
    agent: { agentId: 'x' },
    artifacts: { 'new.txt': 'more\n' },
    relations: [{ targetCid: work.cid, relationType: 'derives_from' }],
  })

  assert.equal(fetched.artifacts[0]?.state, 'skipped')
  assert.equal(await readFile(at('workspace/notes/read me.md'), 'utf8'), '# hello\n')
  assert.equal(checkedOut.files[0]?.hash, hashBytes(Buffer.from('# hello\n')))
  assert.deepEqual(
    (await grove.ancestors(child.cid)).map((parent) => parent.cid),
    [work.cid],
  )
  assert.equal((await grove.frontier()).byAdoption[0]?.cid, work.cid)
})
