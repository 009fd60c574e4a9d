import assert from 'node:assert/strict'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { bytesAnswer } from '../../../../sim/network/http.ts'
import { openStores } from '../../../../src/compose.ts'
import { type Cid, hashBytes } from '../../../../src/core/cid.ts'
import type { Contribution } from '../../../../src/core/contribution/contribution.ts'
import { isKeyId, isSignedBy, SigningKey } from '../../../../src/core/identity/ed25519.ts'
import { isOriginOf, type Origin, signOrigins } from '../../../../src/core/identity/origin.ts'
import { originAttestation, originHeader } from '../../../../src/core/identity/origin-text.ts'
import { recordLine } from '../../../../src/core/wire/closure.ts'
import { fetchRemoteContribution } from '../../../../src/node/fetch/fetch.ts'
import { publish } from '../../../../src/node/publish.ts'
import { silentLog } from '../../../../src/ports/log.ts'
import type { OriginStore } from '../../../../src/ports/origin-store.ts'
import type { Signatures } from '../../../../src/ports/signatures.ts'
import { temporaryDirectory } from '../../../support/folder.ts'
import { plainDraft } from '../../../support/http.ts'
import { work } from '../../../support/peer.ts'
import { type ServedNode, serveNode } from '../../../support/serve-node.ts'
import { until } from '../../../support/until.ts'
import { virtualWorld } from '../../../support/world.ts'

const { startPeer, testNode } = virtualWorld()
const keyOf = (n: number) => SigningKey.fromSecret(new Uint8Array(32).fill(n))
const [alice, bob] = [keyOf(1), keyOf(2)]

/** Signatures that take no thread of the pool, which virtual time would not wait for. */
const inline: Signatures = {
  key: keyOf(9),
  isSignedBy: async (...claim) => isSignedBy(...claim),
  signDsse: async () => '',
}

const signersOf = async (origins: OriginStore, cid: Cid) =>
  (await origins.of([cid])).flatMap(([, kept]) => kept.map(({ peerId }) => peerId))

const fetchFrom = (from: ServedNode, to: ServedNode, cid: Cid) =>
  fetchRemoteContribution(to.node, cid, { peer: from.url })

test('what is published is signed by this grove, and the signature survives relays and restarts', async () => {
  await using folder = await temporaryDirectory()
  await using author = await serveNode()
  const { peerId } = author.node.config.self
  assert.ok(isKeyId(peerId))
  const published = await Promise.all(
    [1, 2, 3, 4].map((n) => publish(author.node, { ...plainDraft, summary: `work ${n}` })),
  )
  const cids = published.map(({ contribution }) => contribution.cid)
  const [target] = cids
  assert.ok(target)
  const relations = [{ targetCid: target, relationType: 'adopts' as const }]
  const { contribution: adoption } = await publish(author.node, {
    ...plainDraft,
    kind: 'adoption',
    relations,
  })
  const relay = await serveNode(folder.dir)
  for (const cid of cids) await fetchFrom(author, relay, cid)
  await relay[Symbol.asyncDispose]()
  await using again = await serveNode(folder.dir)
  await using reader = await serveNode()
  for (const cid of cids) await fetchFrom(again, reader, cid)

  for (const cid of [...cids, adoption.cid]) {
    const [[, origins = []] = []] = await reader.node.origins.of([cid])
    assert.deepEqual(
      origins.map((origin) => [origin.peerId, isOriginOf(cid, origin)]),
      [[peerId, true]],
    )
    assert.ok(origins[0])
    const answer = await fetch(`${reader.url}/api/gossip/contribution/${cid}`)
    assert.equal(answer.headers.get('grove-origin'), originHeader(origins))
  }
})

test('a grove that publishes what it holds from others signs it too', async () => {
  await using author = await serveNode()
  await using other = await serveNode()
  const draft = { ...plainDraft, createdAt: '2026-01-01T00:00:00.000Z' }
  const { contribution } = await publish(author.node, draft)
  await fetchFrom(author, other, contribution.cid)

  const { added } = await publish(other.node, draft)

  assert.equal(added, false)
  assert.deepEqual(
    new Set(await signersOf(other.node.origins, contribution.cid)),
    new Set([author, other].map(({ node }) => node.config.self.peerId)),
  )
})

const good = work('good')
const review = work('review', {
  kind: 'review',
  relations: [{ targetCid: good.cid, relationType: 'reviews' }],
})
const by = (key: SigningKey, { cid }: Contribution): Origin => {
  const [origin] = signOrigins(key, [cid], 1_000)
  assert.ok(origin)
  return origin
}
const closureOf = (item: Contribution, origins: readonly Origin[]) => {
  const line = recordLine({ bytes: item.bytes, attestations: origins.map(originAttestation) })
  const trailer = `\n{"trailer":{"sent":1,"bytes":${item.bytes.byteLength},"missing":[]}}\n`
  return bytesAnswer(Buffer.concat([line, Buffer.from(trailer)]), { 'grove-closure': 'records-1' })
}

test('a wrong signature is dropped and its sender recorded, and the work is kept', async () => {
  const forged = { ...by(bob, good), at: 2_000 }
  const header = originHeader([forged, by(alice, good)])
  const ofReview = [by(bob, review), { ...by(alice, good) }]
  await using peer = startPeer('peer', {
    contributions: [good],
    misbehave: ({ method, path }) => {
      if (path === '/api/federation/closure') return closureOf(review, ofReview)
      return method === 'GET' && path === `/api/gossip/contribution/${good.cid}`
        ? bytesAnswer(Buffer.from(good.bytes), { 'grove-origin': header })
        : undefined
    },
  })
  await using grove = testNode([peer], { ports: { signatures: inline } })

  await fetchRemoteContribution(grove.node, good.cid)

  assert.deepEqual(await signersOf(grove.node.origins, good.cid), [alice.peerId])
  assert.deepEqual(await signersOf(grove.node.origins, review.cid), [bob.peerId])
  const { lastError, failures } = grove.node.peers.record(peer.address)
  assert.match(lastError?.message ?? '', /sent a wrong signature/)
  assert.equal(failures, 2)
})

test('what was published before there was a key is signed in the background, never in a copy', async () => {
  await using folder = await temporaryDirectory()
  const [dir, copy] = ['grove', 'copy'].map((name) => join(folder.dir, name)) as [string, string]
  const { stores } = await openStores({ dir }, silentLog)
  const items = Array.from({ length: 300 }, (_, n) => work(`earlier ${n}`))
  const own = { origin: 'local', own: true, receivedAt: 1 } as const
  await Promise.all(items.map((item) => stores.graph.put(item, own)))
  const foreign = work('of a peer')
  await stores.graph.put(foreign, { origin: 'peer', receivedAt: 1 })
  await stores.close()
  await cp(dir, copy, { recursive: true })
  const cids = items.map(({ cid }) => cid)

  await using grove = await serveNode(dir)
  const { origins } = grove.node
  await until('all is signed', async () => (await origins.of(cids)).length === cids.length)
  await using copied = await serveNode(copy)
  const mine = await publish(copied.node, plainDraft, { isLocal: true })

  for (const [cid, [origin]] of await origins.of(cids)) {
    assert.ok(origin && isOriginOf(cid, origin))
    assert.equal(origin.peerId, grove.node.config.self.peerId)
  }
  assert.deepEqual(await signersOf(origins, foreign.cid), [])
  assert.deepEqual((await copied.node.origins.of([...cids, mine.contribution.cid])).length, 1)
  assert.deepEqual(
    (await copied.node.contributions.get(cids[0] ?? hashBytes(good.bytes)))?.provenance.own,
    undefined,
  )
})
