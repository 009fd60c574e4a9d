import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Cid } from '../../../../src/core/cid.ts'
import type { Contribution } from '../../../../src/core/contribution/contribution.ts'
import type { Relation } from '../../../../src/core/contribution/schema.ts'
import { GroveError } from '../../../../src/core/errors.ts'
import type { AdmissionMode } from '../../../../src/core/peers/admission.ts'
import type { Access } from '../../../../src/node/access/access.ts'
import { Recounting } from '../../../../src/node/access/recounting.ts'
import { setStanding } from '../../../../src/node/access/set-standing.ts'
import type { GroveNode } from '../../../../src/node/node.ts'
import { frontier } from '../../../../src/node/read/frontier.ts'
import { groveInfo } from '../../../../src/node/read/status.ts'
import type { NewCounting } from '../../../../src/ports/origin-store.ts'
import { seeded } from '../../../../src/runtime/random.ts'
import { memoryStores } from '../../../../src/stores/memory/open.ts'
import { sample as sealed } from '../../../conformance/samples.ts'
import { keyOf } from '../../../support/signed-groves.ts'
import { virtualWorld } from '../../../support/world.ts'

const { testNode, until } = virtualWorld()
const ids = Array.from({ length: 40 }, (_, n) => keyOf(n + 1).peerId)
const [hub, minter] = ids
assert.ok(hub && minter)

const scores = { loss: { value: 0.5, direction: 'minimize' as const } }
const adoptionOf = (target: Cid, n: number) =>
  sealed({
    kind: 'adoption',
    summary: `adoption ${n}`,
    relations: [{ targetCid: target, relationType: 'adopts' } satisfies Relation],
  })

/** Puts what others have published and signed, as it comes from a peer. */
async function bring({ contributions }: GroveNode, item: Contribution, signers: readonly string[]) {
  const origins = ids
    .filter((id) => signers.includes(id))
    .map((peerId, n) => ({ peerId, at: n, signature: Buffer.alloc(64, n).toString('base64url') }))
  const provenance = { origin: 'peer', peerId: 'p', address: 'http://p', receivedAt: 1 } as const
  await contributions.put(item, provenance, { origins })
  return item.cid
}

const settled = (node: GroveNode) => until('a recount', () => !node.recounting.isUnderWay)
const byAdoption = async (node: GroveNode) => {
  const found = await frontier(node, { kind: 'work', limit: 10, metrics: 10 })
  return found.byAdoption.map(({ cid, value }) => [cid, value])
}

test('1,000 adoptions that a member minted count as one grove, and blocking it puts ranks back', async () => {
  await using grove = testNode([], { admission: 'members' })
  const { node } = grove
  await node.start()
  await node.access.members.follow(hub, ids.slice(0, 10))
  await settled(node)
  const good = await bring(node, sealed({ summary: 'good', scores }), [hub])
  const poor = await bring(node, sealed({ summary: 'poor', scores }), [minter])
  for (const n of [2, 3, 4]) await bring(node, adoptionOf(good, n), ids.slice(n, n + 1))
  const before = await byAdoption(node)
  for (let n = 0; n < 1_000; n++) await bring(node, adoptionOf(poor, 1_000 + n), [minter])
  assert.deepEqual(await byAdoption(node), [
    [poor, 1_000],
    [good, 3],
  ])
  const groves = async () =>
    (await node.index.backing([good, poor])).map(({ signedBy }) => signedBy.adoption)
  assert.deepEqual(await groves(), [3, 1])
  node.moved(['loss'])
  await until('the digest', () => node.gossip.localEntry(poor))

  await setStanding(node, { peer: minter, standing: 'blocked', reason: 'mints adoptions' })
  await until('the ranks', async () => (await byAdoption(node)).length === 1)
  await settled(node)

  assert.deepEqual(await byAdoption(node), before)
  assert.deepEqual(await groves(), [3, 0])
  const { byMetric } = await frontier(node, { kind: 'work', limit: 10, metrics: 10 })
  assert.deepEqual(
    byMetric['loss']?.map(({ cid }) => cid),
    [good],
    'and its work leaves the rankings',
  )
  await until('the digest', () => node.gossip.localEntry(poor) === undefined)
  assert.ok(node.gossip.localEntry(good))
})

test('a block for a while ends by itself, and what it took away counts again', async () => {
  await using grove = testNode()
  const { node } = grove
  await node.start()
  const work = await bring(node, sealed({ summary: 'work', scores }), [hub])
  await bring(node, adoptionOf(work, 1), [minter])
  const before = await byAdoption(node)

  await setStanding(node, { peer: minter, standing: 'blocked', forMs: 60_000 })
  await until('the block', async () => (await byAdoption(node)).length === 0)
  const blockedAt = node.clock.now()
  await until('its end', async () => (await byAdoption(node)).length === 1)

  assert.deepEqual(await byAdoption(node), before)
  assert.ok(node.clock.now() - blockedAt >= 50_000)
})

test('another admission at a start counts all that is held by it, and status says so meanwhile', async () => {
  const stores = memoryStores(seeded(1))
  const opened = (admission?: AdmissionMode) =>
    testNode([], { ports: { ...stores }, ...(admission && { admission }) })
  const adoptionsAt = async (admission?: AdmissionMode) => {
    await using grove = opened(admission)
    const { node } = grove
    await node.start()
    const { recounting } = await groveInfo(node)
    await settled(node)
    return [recounting, (await node.index.signals(work)).adoption]
  }
  const first = opened()
  const work = await bring(first.node, sealed({ summary: 'work' }), [hub])
  await bring(first.node, adoptionOf(work, 1), [])
  await bring(first.node, adoptionOf(work, 2), [minter])
  await bring(first.node, adoptionOf(work, 3), [hub])
  await first.node.access.standings.say(hub, { standing: 'trusted' })
  assert.equal((await first.node.index.signals(work)).adoption, 3)

  assert.deepEqual(await adoptionsAt('signed'), [true, 2])
  assert.deepEqual(await adoptionsAt('members'), [true, 1])
  assert.deepEqual(await adoptionsAt(), [undefined, 1], 'none said, none changed')
  assert.deepEqual(await adoptionsAt('open'), [true, 3])
})

test('16 minted keys that sign an honest work first take nothing from it', async () => {
  await using grove = testNode([], { admission: 'members' })
  const { node } = grove
  await node.start()
  await node.access.standings.say(hub, { standing: 'trusted' })
  await settled(node)
  const minted = ids.slice(2, 40)
  const work = await bring(node, sealed({ summary: 'honest', scores }), minted)
  const adoption = await bring(node, adoptionOf(work, 1), minted)
  assert.equal((await node.index.signals(work)).adoption, 0)

  for (const cid of [work, adoption]) {
    const origin = { peerId: hub, at: 1, signature: Buffer.alloc(64).toString('base64url') }
    await node.origins.add(cid, [origin], 'peer')
  }
  for (const peer of minted) await setStanding(node, { peer, standing: 'blocked' })
  await settled(node)

  assert.deepEqual(await byAdoption(node), [[work, 1]])
  const [[, kept = []] = []] = await node.origins.of([work])
  assert.equal(kept[0]?.peerId, hub)
})

test('where nothing can be stored, a change of who counts is tried again', async () => {
  const stores = memoryStores(seeded(1))
  let failures = 2
  const { origins } = stores.graph
  const judge = origins.judge.bind(origins)
  origins.judge = async (counting) => {
    if (failures-- > 0) throw new GroveError('storage-full')
    return judge(counting)
  }
  await using grove = testNode([], { ports: { ...stores } })
  const { node } = grove
  await node.start()
  const work = await bring(node, sealed({ summary: 'work' }), [hub])
  await bring(node, adoptionOf(work, 1), [minter])

  await setStanding(node, { peer: minter, standing: 'blocked' })

  await until('the block', async () => (await node.index.signals(work)).adoption === 0)
  assert.ok(failures < 0)
})

test('a store that is slow to hear of one change hears of the next one last', async () => {
  const heard: number[] = []
  const slow = Promise.withResolvers<void>()
  const tasks: Promise<void>[] = []
  const known = new Map()
  let change = () => {}
  const judge = async ({ standings }: NewCounting) => {
    const { size } = standings
    if (size === 1) await slow.promise
    heard.push(size)
    return false
  }
  const recounting = new Recounting({
    access: {
      keys: { all: () => new Map(known), aliases: () => new Map() },
      standings: { nextEnd: () => undefined },
      watch: (watcher: () => void) => {
        change = watcher
      },
    } as unknown as Access,
    origins: { judge, recount: () => assert.fail('nothing is due') },
    clock: { now: () => 0 },
    later: (_, __, task) => void tasks.push(task()),
    moved() {},
  })
  await recounting.start()

  for (const key of ['first', 'second']) {
    known.set(key, 'blocked')
    change()
  }
  slow.resolve()
  await Promise.all(tasks)

  assert.equal(heard.at(-1), 2)
})
