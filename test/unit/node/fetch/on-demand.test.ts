import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { localClient } from '../../../../src/api/client/local-client.ts'
import { publishFiles } from '../../../../src/api/client/stage.ts'
import type { Cid } from '../../../../src/core/cid.ts'
import type { KeyId } from '../../../../src/core/identity/ed25519.ts'
import { withCode } from '../../../support/errors.ts'
import { plainDraft } from '../../../support/http.ts'
import { someBytes } from '../../../support/peer.ts'
import { servedGrove, type TestGrove } from '../../../support/serve-node.ts'
import { until } from '../../../support/until.ts'

const SOON = { gossipIntervalMs: 200, syncIntervalMs: 400 }
const NOTHING = `blake3:${'0'.repeat(64)}` as Cid
const nth = (n: number) => `blake3:${n.toString(16).padStart(64, '0')}` as Cid
const idOf = ({ node }: TestGrove) => node.config.self.peerId as KeyId

/** A hub, and two leaves that never met. */
async function threeGroves(stack: AsyncDisposableStack) {
  const hub = stack.use(await servedGrove(SOON))
  const seeds = [{ peerId: idOf(hub), address: hub.url }]
  const one = stack.use(await servedGrove({ ...SOON, seeds, leaf: true }))
  const other = stack.use(await servedGrove({ ...SOON, seeds, leaf: true }))
  const leaves = hub.node.transport.leaves
  await until('both lines stand', () => leaves?.connected().length === 2)
  return { hub, one, other }
}

test('work that nobody was offered is fetched from one leaf for another, with its artifacts', async () => {
  await using stack = new AsyncDisposableStack()
  const { hub, one, other } = await threeGroves(stack)
  const bytes = someBytes(300_000, 7)
  const files = [{ name: 'model.bin', open: () => bytes, isOnce: false }]
  const { cid } = await publishFiles(localClient(one.node), { ...plainDraft, artifacts: {} }, files)

  const got = await localClient(other.node).fetchContribution({ cid })

  assert.deepEqual(got.missing, [])
  assert.equal(got.source.local === false && got.source.address, hub.url)
  const hash = got.contribution.artifacts['model.bin'] as Cid
  assert.equal((await other.node.blobs.stat(hash))?.sizeBytes, bytes.byteLength)
  assert.equal((await hub.node.blobs.stat(hash))?.sizeBytes, bytes.byteLength)
  const [[, origins = []] = []] = await other.node.origins.of([cid as Cid])
  assert.equal(origins[0]?.peerId, idOf(one))
})

test('what no leaf has is absent, and leaves are not asked for it again for a while', async () => {
  await using stack = new AsyncDisposableStack()
  const { hub, one, other } = await threeGroves(stack)
  let asked = 0
  const { holds } = hub.node.transport
  hub.node.transport.holds = (...call) => {
    asked += 1
    return holds(...call)
  }
  const seed = { peerId: idOf(hub), address: hub.url }

  for (let n = 0; n < 3; n++)
    await assert.rejects(other.node.transport.manifest(seed, NOTHING), withCode('absent'))

  assert.equal(asked, 1, 'the other leaf, once')
  assert.ok(one.node.leaf.isLeaf)
})

test('a grove has leaves asked for so much, and then it has to wait', async () => {
  await using stack = new AsyncDisposableStack()
  const { hub, other } = await threeGroves(stack)
  let asked = 0
  hub.node.transport.holds = async () => {
    asked += 1
    return false
  }

  const all = Array.from({ length: 60 }, (_, n) =>
    hub.node.onDemand.manifest(nth(n), { by: idOf(other) }),
  )

  assert.deepEqual([...new Set(await Promise.all(all))], [false])
  assert.equal(asked, 20)
})

/** The hub has so many leaves more, which are asked by `answer`. */
function manyLeaves({ node }: TestGrove, count: number) {
  const all = Array.from({ length: count }, (_, n) => ({
    peerId: `leaf-${n}`,
    address: `http://leaf-${n}.invalid`,
  }))
  const { leaves } = node.transport
  assert.ok(leaves)
  leaves.connected = () => all
  return all
}

test('one host with many keys has leaves asked few things, a few leaves for each', async () => {
  await using stack = new AsyncDisposableStack()
  const hub = stack.use(await servedGrove({ gossipIntervalMs: 60_000 }))
  manyLeaves(hub, 256)
  const askedFor = new Set<Cid>()
  let [asked, now, most] = [0, 0, 0]
  hub.node.transport.holds = async (_, cid) => {
    askedFor.add(cid)
    asked += 1
    now += 1
    most = Math.max(most, now)
    await setImmediate()
    now -= 1
    return false
  }
  const ask = (n: number, host: string) =>
    hub.node.onDemand.manifest(nth(n), { by: `key-${n % 30}` as KeyId, host })

  const all = Array.from({ length: 600 }, (_, n) => ask(n, '203.0.113.5'))
  const other = ask(600, '198.51.100.7')

  assert.deepEqual([...new Set(await Promise.all([...all, other]))], [false])
  assert.ok(asked <= 16 * 65, `${asked} calls`)
  assert.ok(most <= 32, `${most} calls at once`)
  assert.ok(askedFor.has(nth(600)), 'for the other host, too')
})

test('leaves beyond the first few are asked when the question comes again', async () => {
  await using stack = new AsyncDisposableStack()
  const hub = stack.use(await servedGrove({ gossipIntervalMs: 60_000 }))
  const leaves = manyLeaves(hub, 40)
  const asked = new Set<string>()
  hub.node.transport.holds = async ({ peerId }) => {
    asked.add(peerId)
    return false
  }

  for (let n = 0; n < 3; n++)
    await hub.node.onDemand.manifest(NOTHING, { by: 'key' as KeyId, host: '203.0.113.5' })

  assert.equal(asked.size, leaves.length)
})

test('an artifact is fetched only for a contribution that has it', async () => {
  await using stack = new AsyncDisposableStack()
  const { hub, one, other } = await threeGroves(stack)
  const { hash } = await localClient(one.node).uploadBlob(someBytes(1_000, 3))
  const { cid } = await localClient(hub.node).publish(plainDraft)

  assert.equal(await hub.node.onDemand.artifact(hash, cid as Cid, { by: idOf(other) }), false)
  assert.equal(await hub.node.onDemand.artifact(hash, NOTHING, { by: idOf(other) }), false)
  assert.equal(await hub.node.blobs.stat(hash), undefined)
})
