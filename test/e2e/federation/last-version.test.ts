import assert from 'node:assert/strict'
import { cp } from 'node:fs/promises'
import { type TestContext, test } from 'node:test'
import type { ContributionView } from '../../../src/core/contribution/schema.ts'
import type { FederationPeer } from '../../../src/core/wire/federation.ts'
import type { FetchResult } from '../../../src/core/wire/fetch.ts'
import type { GroveIdentity } from '../../../src/core/wire/identity.ts'
import { getJson, postJson, publishTo } from '../../support/http.ts'
import { groves } from '../../support/processes/groves.ts'
import { lastVersion } from '../../support/processes/last-version.ts'
import { runGrove } from '../../support/processes/run-grove.ts'
import { until } from '../../support/until.ts'

const { at, start, startVersion } = groves()

let unpacked: Promise<string | undefined> | undefined

/** The last version's command line. Skips the test, with the reason, if it is not available. */
async function lastVersionOr(context: TestContext): Promise<string | undefined> {
  unpacked ??= lastVersion(at('last-version'))
  const version = await unpacked
  if (version === undefined) context.skip('this clone has no history with the last version')
  return version
}

const loss = (value: number) => ({ loss: { value, direction: 'minimize' as const } })
const holds = (url: string, cid: string) => async () =>
  (await fetch(`${url}/api/contributions/${cid}`)).status === 200
const artifactOf = async (url: string, cid: string, name: string) =>
  (await fetch(`${url}/api/contributions/${cid}/artifacts/${encodeURIComponent(name)}`)).text()
/** A manifest may be here before its artifacts, if a transfer had to be tried again. */
const holdsArtifact = (url: string, cid: string, name: string, text: string) => async () =>
  (await artifactOf(url, cid, name)) === text

test('a directory of the last version opens here, and is then refused there', async (context) => {
  const version = await lastVersionOr(context)
  if (version === undefined) return
  const old = await startVersion(version, 'grown')
  const parent = await publishTo(old.url, { summary: 'parent', scores: loss(0.5) }, { a: 'one' })
  const child = await publishTo(
    old.url,
    {
      summary: 'child',
      scores: loss(0.4),
      relations: [{ targetCid: parent.cid, relationType: 'derives_from' }],
    },
    { a: 'x'.repeat(200_000) },
  )
  const { peerId } = await getJson<{ peerId: string }>(old.url, '/api/grove')
  const asked = ['/api/frontier', '/api/contributions', '/api/search?q=child', '/api/threads']
  const before = await Promise.all(asked.map((path) => getJson(old.url, path)))
  await old.stop()
  await cp(at('grown'), at('untouched'), { recursive: true })

  const grove = await start('grown')

  assert.deepEqual(await Promise.all(asked.map((path) => getJson(grove.url, path))), before)
  const identity = await getJson<GroveIdentity>(grove.url, '/api/identity')
  assert.match(identity.peerId, /^ed25519:[0-9a-f]{64}$/)
  assert.equal(identity.formerly, peerId)
  assert.equal(await artifactOf(grove.url, parent.cid, 'a'), 'one')
  assert.equal((await artifactOf(grove.url, child.cid, 'a')).length, 200_000)
  await publishTo(grove.url, { summary: 'published by the new version' })
  await grove.stop()
  const refused = await runGrove(['log', '--dir', at('grown')], { version })
  assert.equal(refused.code, 7)
  assert.match(refused.stderr, /was written by a newer Grove/)
  const still = await startVersion(version, 'untouched')
  assert.deepEqual(await getJson(still.url, '/api/frontier'), before[0])
})

test('groves of the last version and of this one gossip and fetch, both ways', async (context) => {
  const version = await lastVersionOr(context)
  if (version === undefined) return
  const old = await startVersion(version, 'old')
  const grove = await start('new', '--peer', old.url)
  const theirs = await publishTo(
    old.url,
    { summary: 'by the old', scores: loss(0.5) },
    { a: 'old' },
  )
  await until('it on the new grove', holdsArtifact(grove.url, theirs.cid, 'a', 'old'))
  const ours = await publishTo(
    grove.url,
    {
      summary: 'by the new',
      scores: loss(0.4),
      relations: [{ targetCid: theirs.cid, relationType: 'derives_from' }],
    },
    { a: 'new' },
  )

  await until('it on the old grove', holdsArtifact(old.url, ours.cid, 'a', 'new'))

  const review = await publishTo(old.url, {
    kind: 'review',
    summary: 'late evidence',
    scores: { quality: { value: 0.9, direction: 'maximize' } },
    relations: [{ targetCid: ours.cid, relationType: 'reviews' }],
  })
  await until('the review on the new grove', holds(grove.url, review.cid))
  for (const url of [old.url, grove.url]) {
    const { peers } = await getJson<{ peers: FederationPeer[] }>(url, '/api/federation/peers')
    assert.deepEqual(
      peers.map(({ status }) => status),
      ['alive'],
    )
    // A slow machine may miss a call, but no answer may break the protocol.
    for (const { record } of peers) assert.notEqual(record.lastError?.code, 'peer-fault')
  }
})

test('each fetches on demand from the other, with ancestors, when sync is off', async (context) => {
  const version = await lastVersionOr(context)
  if (version === undefined) return
  const old = await startVersion(version, 'quiet-old', '--sync', 'off')
  const grove = await start('quiet-new', '--sync', 'off')
  for (const [from, to] of [
    [old, grove],
    [grove, old],
  ] as const) {
    const parent = await publishTo(from.url, { summary: `parent on ${from.url}` }, { p: 'parent' })
    const relations: ContributionView['relations'] = [
      { targetCid: parent.cid, relationType: 'derives_from' },
    ]
    const child = await publishTo(from.url, { summary: 'child', relations }, { c: 'child' })

    const result = await postJson<FetchResult>(to.url, `/api/contributions/${child.cid}/fetch`, {
      peer: from.url,
    })

    assert.deepEqual(result.missing, [])
    assert.deepEqual(result.ancestors, [parent.cid])
    assert.equal(await artifactOf(to.url, child.cid, 'c'), 'child')
  }
})
