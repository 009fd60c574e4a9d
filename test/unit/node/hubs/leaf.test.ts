import assert from 'node:assert/strict'
import { test } from 'node:test'
import { localClient } from '../../../../src/api/client/local-client.ts'
import { GroveError } from '../../../../src/core/errors.ts'
import type { KeyId } from '../../../../src/core/identity/ed25519.ts'
import { isLeafAddress, leafAddress } from '../../../../src/core/peers/leaf.ts'
import type { PeerAddress } from '../../../../src/core/peers/peer.ts'
import { defaultPolicy } from '../../../../src/core/policy.ts'
import { type AnswerCall, LeafMode } from '../../../../src/node/peers/leaf.ts'
import { seeded } from '../../../../src/runtime/random.ts'
import type { OpenLeaves } from '../../../../src/transport/leaf/leaves.ts'
import { plainDraft } from '../../../support/http.ts'
import { servedGrove, type TestGrove } from '../../../support/serve-node.ts'
import { standingClock } from '../../../support/standing-clock.ts'
import { testNode } from '../../../support/test-node.ts'
import { until } from '../../../support/until.ts'

const SOON = { gossipIntervalMs: 200, syncIntervalMs: 400 }
/** Nothing answers there. */
const NOWHERE = { publicUrl: 'http://127.0.0.1:1' }

const idOf = ({ node }: TestGrove) => node.config.self.peerId as KeyId
const seedOf = (hub: TestGrove) => ({ peerId: idOf(hub), address: hub.url })
const standsAt = (hub: TestGrove, leaf: TestGrove) =>
  until('the line stands', () => hub.node.transport.leaves?.has(idOf(leaf)) === true)
const holds = async ({ node }: TestGrove, cid: string) =>
  (await node.contributions.missing([cid as never])).length === 0
const publish = (grove: TestGrove, summary: string) =>
  localClient(grove.node).publish({
    ...plainDraft,
    summary,
    scores: { loss: { value: 1, direction: 'minimize' } },
  })

test('a grove that its seed can dial is none; one that it cannot dial is a leaf', async () => {
  await using hub = await servedGrove(SOON)
  const seeds = [seedOf(hub)]
  await using reachable = await servedGrove({ ...SOON, seeds })
  await using leaf = await servedGrove({ ...SOON, seeds, admission: 'open' }, NOWHERE)
  await using told = await servedGrove({ ...SOON, seeds, leaf: true })

  await standsAt(hub, leaf)
  await standsAt(hub, told)
  await until('the hub knows it by its address', () =>
    Promise.resolve(hub.node.gossip.peer(reachable.url)?.answered === true),
  )

  assert.equal(leaf.node.leaf.isLeaf, true)
  assert.equal(reachable.node.leaf.isLeaf, false)
  const { leaf: status } = await localClient(leaf.node).grove({})
  assert.deepEqual(status?.hubs, seeds)
  assert.equal((await localClient(hub.node).grove({})).leaves, 2)
})

test('a grove that learns while it closes that nobody can dial it closes all the same', async () => {
  const hub = { peerId: 'hub', address: 'http://10.0.0.1:4515' }
  await using grove = testNode([hub], { reachable: true })
  const { node } = grove
  const asked = Promise.withResolvers<void>()
  const said = Promise.withResolvers<boolean>()
  node.transport.dialBack = () => {
    asked.resolve()
    return said.promise
  }
  const started = node.start(() => assert.fail('nobody calls it'))
  await asked.promise

  const closed = node.close()
  said.resolve(false)

  let isClosed = false
  void closed.then(() => {
    isClosed = true
  })
  await until('it is closed', () => isClosed)
  await started
})

test('what a leaf publishes is at its hub and at another leaf, and origins come with it', async () => {
  await using hub = await servedGrove(SOON)
  const seeds = [seedOf(hub)]
  await using one = await servedGrove({ ...SOON, seeds, leaf: true })
  await using other = await servedGrove({ ...SOON, seeds, leaf: true })
  await standsAt(hub, one)
  await standsAt(hub, other)

  const { cid } = await publish(one, 'by a leaf')
  await until('the hub has it', () => holds(hub, cid))
  await until('the other leaf has it', () => holds(other, cid))

  const [[, origins = []] = []] = await other.node.origins.of([cid as never])
  assert.deepEqual(
    origins.map(({ peerId }) => peerId),
    [idOf(one)],
  )
})

test('the address of a leaf is told to nobody, and known to nobody but its hub', async () => {
  await using hub = await servedGrove(SOON)
  const seeds = [seedOf(hub)]
  await using leaf = await servedGrove({ ...SOON, seeds, leaf: true })
  await using other = await servedGrove({ ...SOON, seeds })
  await standsAt(hub, leaf)
  const address = leafAddress(idOf(leaf))
  await until('the hub knows the leaf', () =>
    Promise.resolve(hub.node.gossip.peer(address) !== undefined),
  )

  const sender = { ...seedOf(other), age: 0, lastSeen: '2026-01-01T00:00:00.000Z' }
  const { offered } = hub.node.shuffle({ sender, offered: [] }, '127.0.0.1')

  assert.deepEqual(
    offered.filter((peer) => isLeafAddress(peer.address)),
    [],
  )
  assert.equal(other.node.gossip.admits({ peerId: idOf(leaf), address }), false)
  assert.equal(hub.node.gossip.admits({ peerId: idOf(leaf), address }), true)
})

test('the record of a leaf names no address, and its hub has it', async () => {
  await using hub = await servedGrove({ ...SOON, admission: 'signed' })
  const seeds = [seedOf(hub)]
  await using leaf = await servedGrove({ ...SOON, seeds, admission: 'signed' }, NOWHERE)
  await standsAt(hub, leaf)

  const own = await until('the hub has its record', () => {
    const { own } = leaf.node.nodeRecords
    return own?.seq === hub.node.nodeRecords.seqOf(idOf(leaf)) && own
  })

  assert.deepEqual(own.addresses, [])
})

test('a leaf tells what a hub does not take of its work, which others get by another hub', async () => {
  const off = { ...defaultPolicy, scope: 'off' as const }
  await using withholding = await servedGrove({ ...SOON, policy: off })
  await using hub = await servedGrove(SOON)
  const seeds = [seedOf(withholding), seedOf(hub)]
  await using leaf = await servedGrove({ ...SOON, seeds, leaf: true })
  await using other = await servedGrove({ ...SOON, seeds, leaf: true })
  await standsAt(withholding, leaf)
  await standsAt(hub, leaf)

  const { cid } = await publish(leaf, 'by a leaf')
  await until('the other has it', () => holds(other, cid))

  const taken = await until('both hubs have been asked', async () => {
    const hubs = (await localClient(leaf.node).grove({})).leaf?.hubs ?? []
    const lackedBy = (grove: TestGrove) => hubs.find(({ address }) => address === grove.url)
    const asked = lackedBy(withholding)
    return lackedBy(hub)?.lacking === 0 && asked?.lacking !== undefined && asked
  })
  assert.deepEqual(taken, { ...seedOf(withholding), published: 1, lacking: 1 })
})

test('the line of a leaf that is blocked ends, and it gets no other', async () => {
  await using hub = await servedGrove(SOON)
  await using leaf = await servedGrove({ ...SOON, seeds: [seedOf(hub)], leaf: true })
  await standsAt(hub, leaf)

  await hub.node.access.standings.say(idOf(leaf), { standing: 'blocked' })

  assert.deepEqual(hub.node.transport.leaves?.connected(), [])
  await until('the leaf sees that no hub answers', () =>
    Promise.resolve(leaf.node.leaf.hubs().length === 0),
  )
})

test('a hub may ask of a leaf what groves ask of each other, and nothing else', async () => {
  await using hub = await servedGrove(SOON)
  await using leaf = await servedGrove({ ...SOON, seeds: [seedOf(hub)], leaf: true })
  await standsAt(hub, leaf)
  const line = { peerId: idOf(leaf), address: leafAddress(idOf(leaf)) }

  const identity = await hub.node.transport.identity(line)
  const statusOf = async (path: string) => {
    const request = { origin: line.address, path, method: 'GET', headers: {} } as const
    const { carrier } = hub.node.transport.leaves as OpenLeaves
    const answer = await carrier.request(request)
    answer.body.destroy()
    return answer.statusCode
  }

  assert.equal(identity.peerId, idOf(leaf))
  assert.equal(await statusOf('/api/identity'), 200)
  for (const path of ['/api/tokens', '/api/invites', '/api/events', '/metrics'])
    assert.equal(await statusOf(path), 401, path)
})

/** A leaf that answers calls by `answer`, with these seeds, and what carries its calls. */
function leafOf(
  seeds: readonly (string | PeerAddress)[],
  transport: object,
  answer: AnswerCall = async () => ({}) as never,
) {
  const closing = new AbortController()
  const clock = { ...standingClock().clock, sleep: () => new Promise<void>(setImmediate) }
  const node = {
    config: { self: { peerId: 'leaf', address: 'http://10.0.0.9' }, leaf: true, syncIntervalMs: 1 },
    ...{ clock, random: seeded(1), closing: closing.signal },
    log: { info() {}, debug() {} },
    seeds: () =>
      seeds.map((seed) => (typeof seed === 'string' ? { peerId: seed, address: seed } : seed)),
    transport,
    spawn: (_: string, task: () => Promise<unknown>) => void task().catch(() => {}),
    later() {},
  }
  const leaf = new LeafMode(node as unknown as ConstructorParameters<typeof LeafMode>[0])
  leaf.begin(answer, () => {})
  return { leaf, [Symbol.dispose]: () => closing.abort() }
}

/** A line on which nothing comes, until it is cut. */
const silentLine = (cut: Promise<unknown>): AsyncIterable<never> => ({
  [Symbol.asyncIterator]: () => ({
    next: () => cut.then(() => ({ done: true, value: undefined })),
  }),
})

test('seeds that hold no line give way to others, also when a line is lost', async () => {
  const [dead, first, second, third] = [1, 2, 3, 4].map((n) => `http://10.0.0.${n}:4515`)
  const down = new Set([dead])
  const cut = Promise.withResolvers<void>()
  const line = async ({ address }: PeerAddress) => {
    if (down.has(address)) throw new GroveError('peer-unreachable')
    return silentLine(address === first ? cut.promise : new Promise(() => {}))
  }
  const seeds = [dead, first, second, third] as string[]
  const hubsOf = (leaf: LeafMode) => leaf.hubs().map(({ address }) => address)
  using one = leafOf(seeds, { line })

  await until('two others hold lines', () => hubsOf(one.leaf).length === 2)
  assert.deepEqual(hubsOf(one.leaf), [first, second])
  down.add(first)
  cut.resolve()

  await until('another one holds a line', () => hubsOf(one.leaf).includes(third ?? ''))
  assert.deepEqual(hubsOf(one.leaf), [second, third])
})

test('a seed that the operator named and that was joined, too, gets one line', async () => {
  const [address, other] = ['http://10.0.0.1:4515', 'http://10.0.0.2:4515']
  const opened: string[] = []
  const line = async (hub: PeerAddress) => {
    opened.push(hub.address)
    return silentLine(new Promise(() => {}))
  }
  const seeds = [`${address}/`, { peerId: 'hub', address }, { peerId: 'hub', address: other }]
  using one = leafOf(seeds, { line })

  await until('the line stands', () => one.leaf.hubs().length > 0)

  assert.deepEqual(opened, [address])
})

test('a hub that calls without end is read no faster than it is answered, and another one is answered', async () => {
  const seeds = ['http://10.0.0.1:4515', 'http://10.0.0.2:4515']
  const calls = new Map<string, number>()
  const answers: string[] = []
  async function* callsOf(address: string) {
    for (let n = 0; n < 100; n++) {
      calls.set(address, (calls.get(address) ?? 0) + 1)
      yield { id: String(n), method: 'GET', path: '/', headers: {} }
    }
    await new Promise(() => {})
  }
  const transport = {
    line: async ({ address }: PeerAddress) => callsOf(address),
    answerCall: async ({ address }: PeerAddress) => void answers.push(address),
  }

  // The first hub never takes its answers.
  using _ = leafOf(seeds, transport, async (__, { address }) =>
    address === seeds[0] ? new Promise<never>(() => {}) : ({} as never),
  )
  await until('the other hub has its answers', () => answers.length === 100)

  assert.ok((calls.get(seeds[0] ?? '') ?? 0) <= 17, `${calls.get(seeds[0] ?? '')} calls were read`)
})
