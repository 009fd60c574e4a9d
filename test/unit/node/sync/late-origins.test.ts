import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Cid } from '../../../../src/core/cid.ts'
import { type KeyId, SigningKey } from '../../../../src/core/identity/ed25519.ts'
import { type Origin, signOrigins } from '../../../../src/core/identity/origin.ts'
import { originHeader } from '../../../../src/core/identity/origin-text.ts'
import { setStanding } from '../../../../src/node/access/set-standing.ts'
import { fetchRemoteContribution } from '../../../../src/node/fetch/fetch.ts'
import { publish } from '../../../../src/node/publish.ts'
import { BackgroundSync } from '../../../../src/node/sync/sync.ts'
import { sample } from '../../../conformance/samples.ts'
import { plainDraft } from '../../../support/http.ts'
import { type ServedNode, serveNode } from '../../../support/serve-node.ts'
import { until } from '../../../support/until.ts'

const scores = { loss: { value: 0.5, direction: 'minimize' as const } }
/** The same at whichever grove it is published. */
const draft = { ...plainDraft, summary: 'the same', createdAt: '2026-01-01T00:00:00.000Z', scores }
const keyOf = (n: number) => SigningKey.fromSecret(new Uint8Array(32).fill(n))

const keysAt = async ({ node }: ServedNode, cid: Cid): Promise<KeyId[]> => {
  const [[, origins = []] = []] = await node.origins.of([cid])
  return origins.map(({ peerId }) => peerId).toSorted()
}
const idOf = ({ node }: ServedNode) => node.config.self.peerId

/** The sync of a grove that knows these others. */
function syncOf({ node }: ServedNode, ...others: readonly ServedNode[]): BackgroundSync {
  const peers = others.map((other) => ({ peerId: idOf(other), address: other.url }))
  const asking = new Proxy(node, {
    get(target, name) {
      if (name === 'askable') return () => peers
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  return new BackgroundSync(asking, node.advertisements)
}

const ask = (grove: ServedNode, ...others: readonly ServedNode[]) =>
  syncOf(grove, ...others).round()

/** The contributions of which a grove asks for the origins from now on. */
function questionsOf({ node }: ServedNode): Cid[] {
  const asked: Cid[] = []
  const { origins } = node.transport
  node.transport.origins = (peer, request, options) => {
    asked.push(...request.cids)
    return origins(peer, request, options)
  }
  return asked
}

test('groves that published the same, and a third, come to equal origins, and then ask no more', async () => {
  await using a = await serveNode()
  await using b = await serveNode()
  await using c = await serveNode()
  const { cid } = (await publish(a.node, draft)).contribution
  assert.equal((await publish(b.node, draft)).contribution.cid, cid)
  await fetchRemoteContribution(c.node, cid, { peer: a.url })
  assert.deepEqual(await keysAt(c, cid), [idOf(a)])

  await ask(c, b)
  await ask(a, c)
  await ask(b, c)

  const both = [idOf(a), idOf(b)].toSorted()
  for (const grove of [a, b, c]) assert.deepEqual(await keysAt(grove, cid), both)
  const asked = questionsOf(c)
  await ask(c, a, b)
  assert.deepEqual(asked, [])
})

test('an origin that comes late makes evidence count, where its signer is a member', async () => {
  await using a = await serveNode()
  await using c = await serveNode(undefined, {}, { admission: 'members' })
  const work = (await publish(c.node, draft)).contribution.cid
  await c.node.access.members.follow('hub', [keyOf(7).peerId])
  await until('a recount', () => !c.node.recounting.isUnderWay)
  const adoption = sample({
    ...{ kind: 'adoption', summary: 'adopted' },
    relations: [{ relationType: 'adopts', targetCid: work }],
  })
  const from = { origin: 'peer', address: a.url, receivedAt: 1 } as const
  for (const { node } of [a, c]) await node.contributions.put(adoption, from)
  assert.equal((await c.node.index.signals(work)).adoption, 0)

  await a.node.origins.add(adoption.cid, signOrigins(keyOf(7), [adoption.cid], 1), 'peer')
  await ask(c, a)

  assert.equal((await c.node.index.signals(work)).adoption, 1)
})

test('origins for which the header has no room come with the next round', async () => {
  await using a = await serveNode()
  await using c = await serveNode()
  const item = sample({ summary: 'signed by many', scores })
  const others = Array.from({ length: 255 }, (_, n) => sample({ summary: `${n}` }).cid)
  const origins = Array.from({ length: 16 }, (_, n): Origin[] =>
    signOrigins(keyOf(n + 1), [item.cid, ...others], 1).slice(0, 1),
  ).flat()
  const from = { origin: 'peer', address: 'http://p', receivedAt: 1 } as const
  await a.node.contributions.put(item, from, { origins })
  assert.ok(originHeader(origins).split(',').length < 10)
  await fetchRemoteContribution(c.node, item.cid, { peer: a.url })
  assert.ok((await keysAt(c, item.cid)).length < 10)

  await ask(c, a)

  assert.deepEqual(await keysAt(c, item.cid), await keysAt(a, item.cid))
})

test('a peer that keeps other origins is asked for them once', async () => {
  await using a = await serveNode()
  await using c = await serveNode()
  const item = sample({ summary: 'signed by very many' })
  const all = Array.from({ length: 40 }, (_, n) => signOrigins(keyOf(n + 1), [item.cid], 1)).flat()
  for (const { peerId } of all.slice(0, 30))
    await setStanding(a.node, { peer: peerId, standing: 'trusted' })
  await until('the change', () => !a.node.recounting.isUnderWay)
  const from = { origin: 'peer', address: 'http://p', receivedAt: 1 } as const
  for (const { node } of [a, c]) await node.contributions.put(item, from, { origins: all })
  const kept = await keysAt(c, item.cid)
  assert.ok(kept.length < (await keysAt(a, item.cid)).length)
  const asked = questionsOf(c)
  const sync = syncOf(c, a)

  for (const _ of [1, 2, 3]) await sync.round()

  assert.deepEqual(asked, [item.cid])
  assert.deepEqual(await keysAt(c, item.cid), kept)
})

test('a wrong late origin is dropped, and convicts who told it', async () => {
  await using a = await serveNode()
  await using c = await serveNode()
  const item = sample({ summary: 'signed wrongly' })
  const [wrong] = signOrigins(keyOf(1), [sample({ summary: 'another' }).cid], 1)
  assert.ok(wrong)
  const from = { origin: 'peer', address: 'http://p', receivedAt: 1 } as const
  await c.node.contributions.put(item, from)
  await a.node.contributions.put(item, from, { origins: [wrong] })

  await ask(c, a)

  assert.deepEqual(await keysAt(c, item.cid), [])
  assert.match(c.node.peers.record(a.url).lastError?.message ?? '', /wrong signature/)
})
