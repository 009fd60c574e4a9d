import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { PeerAddress } from '../../../src/core/peers/peer.ts'
import type { LocalEntry } from '../../../src/core/ranking/frontier.ts'
import {
  type DigestEntry,
  gossipMessageSchema,
  type PeerInfo,
} from '../../../src/core/wire/gossip.ts'
import { shortId } from '../../../src/protocol/gossip/pending-requests.ts'
import { GossipState } from '../../../src/protocol/gossip-state.ts'
import { suspicionRounds } from '../../../src/protocol/membership/liveness.ts'
import type { Effect, GossipConfig, Input } from '../../../src/protocol/messages.ts'
import { messageOf } from '../../support/gossip.ts'
import { cid, INTERVAL_MS, peer, START, seeded, work } from './network.ts'

const self = peer(0)
const stamp = new Date(START).toISOString()

function stateOf(options: Partial<GossipConfig> = {}): GossipState {
  return new GossipState(
    { self, seeds: [], capabilities: {}, gossipIntervalMs: INTERVAL_MS, ...options },
    seeded(1),
  )
}

const infoOf = (address: PeerAddress, age = 0): PeerInfo => ({ ...address, age, lastSeen: stamp })
const advertisement = (n: number, value: number): DigestEntry => ({
  cid: cid(n),
  metric: 'val_bpb',
  value,
  direction: 'minimize',
})

type Of<T extends Effect['type']> = Extract<Effect, { type: T }>
const only = <T extends Effect['type']>(effects: readonly Effect[], type: T): Of<T>[] =>
  effects.filter((effect): effect is Of<T> => effect.type === type)

const statuses = (effects: readonly Effect[]) =>
  only(effects, 'peer-status').map(({ peer: { peerId }, status }) => `${peerId} ${status}`)

/** Has a peer that this grove dialled answer. */
function answer(
  gossip: GossipState,
  from: PeerAddress,
  now = START,
  frontier: DigestEntry[] = [],
): Effect[] {
  return gossip.step(
    { type: 'exchange-answered', peer: from, message: messageOf(from, frontier) },
    now,
  )
}

/** Ticks at each wake until `until`, while no peer answers. */
function silence(gossip: GossipState, from: number, until: number): Effect[] {
  const all: Effect[] = []
  let now = from
  while (now <= until) {
    const effects = gossip.step({ type: 'tick' }, now)
    all.push(...effects)
    for (const effect of effects) {
      if (effect.type === 'send-exchange' || effect.type === 'send-shuffle') {
        all.push(...gossip.step({ type: 'contact-failed', peer: effect.peer }, now))
      }
    }
    now = only(effects, 'wake').at(-1)?.at ?? until + 1
  }
  return all
}

test('the first tick calls seeds, and rounds follow at the interval ± 20 %', () => {
  const gossip = stateOf({ seeds: [peer(1), peer(2)] })

  const first = gossip.step({ type: 'tick' }, START)
  for (const seed of [peer(1), peer(2)]) answer(gossip, seed)

  assert.deepEqual(
    only(first, 'send-exchange')
      .map((effect) => effect.peer.peerId)
      .sort(),
    ['p1', 'p2'],
  )
  assert.equal(only(first, 'send-shuffle').length, 1)
  let now = only(first, 'wake')[0]!.at
  assert.ok(now - START < 1_000, 'while no peer has answered')
  for (let round = 0; round < 50; round += 1) {
    const effects = gossip.step({ type: 'tick' }, now)
    for (const { peer: to } of only(effects, 'send-exchange')) answer(gossip, to, now)
    const next = only(effects, 'wake')[0]!.at
    assert.ok(next - now >= INTERVAL_MS * 0.8 && next - now <= INTERVAL_MS * 1.2)
    now = next
  }
})

test('a round exchanges with at most 3 peers and shuffles with the oldest', () => {
  const gossip = stateOf({ seeds: Array.from({ length: 10 }, (_, n) => peer(n + 1)) })
  for (let n = 1; n <= 10; n += 1) answer(gossip, peer(n))
  gossip.step({ type: 'tick' }, START)
  for (let n = 1; n <= 10; n += 1) if (n !== 4) answer(gossip, peer(n))

  const effects = gossip.step({ type: 'tick' }, START + 2 * INTERVAL_MS)

  assert.equal(only(effects, 'send-exchange').length, 3)
  assert.deepEqual(
    only(effects, 'send-shuffle').map((effect) => effect.peer),
    [peer(4)],
  )
  assert.ok(only(effects, 'send-shuffle')[0]!.request.offered.length <= 5)
})

test('messages have the time of the step and a digest, in at most 64 KiB', () => {
  const gossip = stateOf({ capabilities: { federation: 2, blobs: 1 } })
  const entries: LocalEntry[] = Array.from({ length: 300 }, (_, n) => ({
    ...work(n, n),
    metric: `m${n % 20}${'é'.repeat(200)}`,
    tags: Array.from({ length: 50 }, (_unused, tag) => `${tag}${'\u0001'.repeat(100)}`),
  }))
  gossip.step({ type: 'frontier', entries }, START)

  const effects = gossip.step({ type: 'exchange-received', message: messageOf(peer(1)) }, START + 5)

  const { message } = only(effects, 'reply-exchange')[0]!
  assert.ok(Buffer.byteLength(JSON.stringify(message)) <= 64 * 1024)
  assert.deepEqual(gossipMessageSchema.parse(message), message)
  assert.equal(message.timestamp, new Date(START + 5).toISOString())
  assert.ok(
    message.frontier.length > 50 &&
      message.frontier.every((entry) => entry.direction === 'minimize'),
  )
})

test('a seed given as a bare URL gets its real id once it answers', () => {
  const url = 'http://127.0.0.1:4631'
  const gossip = stateOf({ seeds: [{ peerId: url, address: `${url}/` }] })
  const [first] = only(gossip.step({ type: 'tick' }, START), 'send-exchange')
  assert.deepEqual(first?.peer, { peerId: url, address: url })

  const named = messageOf({ peerId: 'grove-4631', address: 'http://localhost:4631' })
  const effects = gossip.step(
    { type: 'exchange-answered', peer: first!.peer, message: named },
    START,
  )

  assert.deepEqual(statuses(effects), ['grove-4631 alive'])
  const [seed, ...others] = gossip.peers()
  assert.deepEqual(others, [])
  assert.deepEqual(
    [seed?.peerId, seed?.address, seed?.seed, seed?.active],
    ['grove-4631', url, true, true],
  )
  assert.deepEqual(seed?.capabilities, named.capabilities)
})

test('a grove at two addresses is one peer', () => {
  const gossip = stateOf({ seeds: [{ peerId: 'http://a:1', address: 'http://a:1' }] })
  gossip.step(
    { type: 'exchange-received', message: messageOf({ peerId: 'a', address: 'http://a.local:1' }) },
    START,
  )
  const dialled = { peerId: 'http://a:1', address: 'http://a:1' }

  gossip.step(
    {
      type: 'exchange-answered',
      peer: dialled,
      message: messageOf({ peerId: 'a', address: 'http://a.local:1' }),
    },
    START,
  )

  assert.deepEqual(
    gossip.peers().map(({ peerId, address, seed }) => ({ peerId, address, seed })),
    [{ peerId: 'a', address: 'http://a:1', seed: true }],
  )
})

test('seeds are never forgotten, whatever shuffles and messages bring', () => {
  const addresses = fc.integer({ min: 0, max: 400 }).map(peer)
  const info = fc.record({ at: addresses, age: fc.nat() }).map(({ at, age }) => infoOf(at, age))
  const input: fc.Arbitrary<Input> = fc.oneof(
    fc
      .record({ sender: info, offered: fc.array(info, { maxLength: 50 }) })
      .map((request) => ({ type: 'shuffle-received' as const, request })),
    fc
      .record({ at: addresses, offered: fc.array(info, { maxLength: 50 }) })
      .map(({ at, offered }) => ({
        type: 'shuffle-answered' as const,
        peer: at,
        response: { offered },
      })),
    addresses.map((at) => ({ type: 'exchange-received' as const, message: messageOf(at) })),
    addresses.map((at) => ({
      type: 'exchange-answered' as const,
      peer: at,
      message: messageOf(at),
    })),
    addresses.map((at) => ({ type: 'contact-failed' as const, peer: at })),
    fc.constant({ type: 'tick' as const }),
  )
  const seeds = [peer(1), { peerId: 'http://seed:1', address: 'http://seed:1' }]
  fc.assert(
    fc.property(fc.array(input, { maxLength: 300, size: 'max' }), (inputs) => {
      const gossip = stateOf({ seeds })
      for (const [index, one] of inputs.entries()) {
        gossip.step(one, START + index * 10_000)
        gossip.checkInvariants()
      }
      for (const seed of seeds) assert.equal(gossip.peer(seed.address)?.seed, true)
      const peers = gossip.peers()
      assert.ok(peers.filter((other) => other.active).length <= 10)
      assert.ok(peers.length <= 10 + 64 + seeds.length)
      assert.ok(
        peers.every((other) => other.peerId !== self.peerId && other.address !== self.address),
      )
      for (const key of ['peerId', 'address'] as const) {
        assert.equal(new Set(peers.map((other) => other[key])).size, peers.length)
      }
      const end = START + inputs.length * 10_000
      const called = only(silence(gossip, end, end + 40 * INTERVAL_MS), 'send-exchange').map(
        (effect) => effect.peer.address,
      )
      for (const seed of seeds)
        assert.ok(called.includes(seed.address), `${seed.address} is called`)
    }),
    { numRuns: 40, seed: 4 },
  )
})

test('a shuffle after which a 0.1 server would forget its only seed leaves our seed', () => {
  const gossip = stateOf({ seeds: [peer(1)] })
  gossip.step({ type: 'tick' }, START)
  answer(gossip, peer(1))
  const strangers = Array.from({ length: 50 }, (_, n) => infoOf(peer(n + 2)))

  for (let n = 0; n < 20; n += 1) {
    gossip.step(
      {
        type: 'shuffle-received',
        request: { sender: strangers[n]!, offered: strangers.slice(n, n + 5) },
      },
      START,
    )
  }

  assert.equal(gossip.peer('p1')?.seed, true)
  assert.equal(gossip.peers().filter((other) => other.active).length, 10)
})

test('only addresses that answered here are offered to others', () => {
  const gossip = stateOf()
  gossip.step({ type: 'exchange-received', message: messageOf(peer(1)) }, START)
  gossip.step(
    { type: 'shuffle-received', request: { sender: infoOf(peer(2)), offered: [infoOf(peer(3))] } },
    START,
  )
  answer(gossip, peer(2))

  const effects = gossip.step(
    { type: 'shuffle-received', request: { sender: infoOf(peer(4)), offered: [] } },
    START,
  )

  assert.deepEqual(
    only(effects, 'reply-shuffle')[0]?.response.offered.map((info) => info.peerId),
    ['p2'],
  )
})

test('a silent peer is suspected, then fails and leaves the view, until it answers itself', () => {
  const gossip = stateOf()
  gossip.step({ type: 'tick' }, START)
  answer(gossip, peer(1))
  answer(gossip, peer(2))
  const silenceMs = suspicionRounds(2) * INTERVAL_MS

  assert.deepEqual(statuses(gossip.step({ type: 'contact-failed', peer: peer(1) }, START)), [
    'p1 suspected',
  ])
  assert.deepEqual(statuses(gossip.step({ type: 'tick' }, START + silenceMs - 1)), [])
  assert.deepEqual(statuses(gossip.step({ type: 'tick' }, START + silenceMs + 2 * INTERVAL_MS)), [
    'p1 failed',
  ])
  const now = START + silenceMs + 2 * INTERVAL_MS
  assert.equal(gossip.peer('p1')?.active, false)

  gossip.step(
    { type: 'shuffle-received', request: { sender: infoOf(peer(2)), offered: [infoOf(peer(1))] } },
    now,
  )
  assert.equal(gossip.peer('p1')?.status, 'failed')
  const heard = gossip.step({ type: 'exchange-received', message: messageOf(peer(1)) }, now)
  assert.equal(gossip.peer('p1')?.status, 'failed', 'a message alone proves no address')
  assert.deepEqual(
    only(heard, 'send-exchange').map((effect) => effect.peer),
    [peer(1)],
    'it is called back',
  )
  assert.deepEqual(statuses(answer(gossip, peer(1), now)), ['p1 recovered'])
  assert.equal(gossip.peer('p1')?.active, true)
})

test('a known peer keeps its address until a contact there fails', () => {
  const gossip = stateOf()
  gossip.step({ type: 'tick' }, START)
  answer(gossip, peer(1))
  const moved = { peerId: 'p1', address: 'http://elsewhere:1' }

  gossip.step({ type: 'exchange-received', message: messageOf(moved) }, START)
  assert.equal(gossip.peer('p1')?.address, peer(1).address)
  gossip.step({ type: 'contact-failed', peer: peer(1) }, START)
  gossip.step({ type: 'exchange-received', message: messageOf(moved) }, START)

  assert.equal(gossip.peer('p1')?.address, moved.address)
})

test('a new grove at the address of one that was given up is called, and known by its own id', () => {
  const gossip = stateOf()
  gossip.step({ type: 'tick' }, START)
  answer(gossip, peer(1))
  const fresh = { peerId: 'fresh', address: peer(1).address }
  gossip.step({ type: 'exchange-received', message: messageOf(fresh) }, START)
  assert.equal(gossip.peer('fresh'), undefined, 'the old one may still be there')
  silence(gossip, START, START + 30 * INTERVAL_MS)
  const now = START + 40 * INTERVAL_MS
  assert.equal(gossip.peer('p1')?.status, 'failed')

  const heard = gossip.step({ type: 'exchange-received', message: messageOf(fresh) }, now)
  const [called] = only(heard, 'send-exchange')
  assert.equal(called?.peer.address, fresh.address)
  answer(gossip, fresh, now)

  assert.equal(gossip.peer('p1'), undefined)
  assert.deepEqual([gossip.peer('fresh')?.status, gossip.peer('fresh')?.active], ['alive', true])
})

test('strangers are called back at most 8 times a round', () => {
  const gossip = stateOf()
  gossip.step({ type: 'tick' }, START)

  const effects = Array.from({ length: 50 }, (_, n) =>
    gossip.step({ type: 'exchange-received', message: messageOf(peer(n + 1)) }, START),
  ).flat()

  assert.equal(only(effects, 'send-exchange').length, 8)
  assert.equal(only(effects, 'reply-exchange').length, 50)
})

test('a message from this grove itself is answered and otherwise ignored', () => {
  const gossip = stateOf({ seeds: [{ peerId: 'http://alias:1', address: 'http://alias:1' }] })
  for (const from of [
    self,
    { peerId: 'other', address: self.address },
    { peerId: self.peerId, address: 'http://b:1' },
  ]) {
    const effects = gossip.step(
      { type: 'exchange-received', message: messageOf(from, [advertisement(1, 0.5)]) },
      START,
    )
    assert.deepEqual(
      effects.map((effect) => effect.type),
      ['reply-exchange'],
    )
    const shuffled = gossip.step(
      { type: 'shuffle-received', request: { sender: infoOf(from), offered: [infoOf(peer(9))] } },
      START,
    )
    assert.deepEqual(shuffled, [{ type: 'reply-shuffle', response: { offered: [] } }])
  }

  const alias = { peerId: 'http://alias:1', address: 'http://alias:1' }
  gossip.step(
    { type: 'exchange-answered', peer: alias, message: messageOf(self, [advertisement(1, 0.5)]) },
    START,
  )

  assert.deepEqual(gossip.peers(), [])
  assert.deepEqual(gossip.federated(START), [])
})

test('an item that is not held is discovered once, whatever peers repeat it', () => {
  const gossip = stateOf()
  gossip.step({ type: 'frontier', entries: [work(1, 0.9)] }, START)
  gossip.step({ type: 'held', cids: [cid(2)] }, START)
  const digest = [advertisement(1, 0.9), advertisement(2, 0.8), advertisement(3, 0.7)]
  const ownWord = { from: peer(1), unauthenticated: false, directionGuessed: false }

  const first = answer(gossip, peer(1), START, digest)
  const again = answer(gossip, peer(1), START, digest)
  const other = gossip.step(
    { type: 'exchange-received', message: messageOf(peer(2), digest) },
    START,
  )
  const better = answer(gossip, peer(1), START, [advertisement(3, 0.6)])

  assert.deepEqual(only(first, 'discovered'), [
    { type: 'discovered', entries: [{ ...advertisement(3, 0.7), ...ownWord }] },
  ])
  assert.deepEqual([...only(again, 'discovered'), ...only(other, 'discovered')], [])
  assert.deepEqual(only(better, 'discovered')[0]?.entries, [
    { ...advertisement(3, 0.6), ...ownWord },
  ])
  assert.deepEqual(
    gossip
      .providersOf(cid(3))
      .map((provider) => provider.peerId)
      .sort(),
    ['p1', 'p2'],
  )
})

test('a contradicted advertisement is ignored, but those of others are not', () => {
  const gossip = stateOf()
  answer(gossip, peer(1), START, [advertisement(3, 0.1)])
  answer(gossip, peer(2), START, [advertisement(3, 0.7)])
  assert.deepEqual(
    gossip.advertisementsOf(cid(3)).map(({ from, value }) => [from.peerId, value]),
    [
      ['p1', 0.1],
      ['p2', 0.7],
    ],
  )

  gossip.step({ type: 'advertisement-contradicted', peerId: 'p1', cid: cid(3) }, START)
  const repeated = answer(gossip, peer(1), START, [advertisement(3, 0.1)])

  assert.deepEqual(only(repeated, 'discovered'), [])
  assert.deepEqual(
    gossip.federated(START).map((item) => [item.value, item.advertisements.length]),
    [[0.7, 1]],
  )
})

test('an advertisement expires after 10 rounds without repetition', () => {
  const gossip = stateOf()
  const message = {
    ...messageOf(peer(1), [advertisement(3, 0.1)]),
    timestamp: '9999-12-31T23:59:59Z',
  }
  gossip.step({ type: 'exchange-received', message }, START)

  assert.equal(gossip.federated(START + 10 * INTERVAL_MS).length, 1)
  assert.equal(gossip.peer('p1')?.lastContact, START)
  assert.equal(gossip.federated(START + 10 * INTERVAL_MS + 1).length, 0)
})

test('reading advertisements expires none', () => {
  const gossip = stateOf()
  gossip.step(
    { type: 'exchange-received', message: messageOf(peer(1), [advertisement(3, 0.1)]) },
    START,
  )

  assert.equal(gossip.federated(START + 10 * INTERVAL_MS + 1).length, 0)

  assert.equal(gossip.federated(START).length, 1)
})

test('a new item of the frontier is pushed at once to all active peers that may lack it', () => {
  const gossip = stateOf()
  gossip.step({ type: 'frontier', entries: [work(1, 0.9)] }, START)
  gossip.step({ type: 'tick' }, START)
  for (let n = 1; n <= 5; n += 1) answer(gossip, peer(n))
  answer(gossip, peer(6), START, [advertisement(2, 0.8)])
  gossip.step({ type: 'contact-failed', peer: peer(5) }, START)

  const [wake] = only(
    gossip.step({ type: 'frontier', entries: [work(2, 0.8), work(1, 0.9)] }, START + 10),
    'wake',
  )
  const pushed = only(gossip.step({ type: 'tick' }, START + 10), 'send-exchange')

  assert.equal(wake?.at, START + 10)
  const receivers = pushed.map(({ peer: { peerId } }) => peerId).sort()
  assert.deepEqual(receivers, ['p1', 'p2', 'p3', 'p4', 'p5'], 'all but the peer that has it')
  assert.equal(pushed.at(-1)?.peer.peerId, 'p5', 'a suspect comes last')
})

test('new items soon after a push wait for the gap to end, and go together', () => {
  const gossip = stateOf()
  gossip.step({ type: 'tick' }, START)
  answer(gossip, peer(1))
  gossip.step({ type: 'frontier', entries: [work(1, 0.9)] }, START + 10)
  gossip.step({ type: 'tick' }, START + 10)

  const [wake] = only(
    gossip.step({ type: 'frontier', entries: [work(2, 0.8), work(1, 0.9)] }, START + 60),
    'wake',
  )
  const entries = [work(3, 0.7), work(2, 0.8), work(1, 0.9)]
  gossip.step({ type: 'frontier', entries }, START + 90)
  const pushed = only(gossip.step({ type: 'tick' }, START + 110), 'send-exchange')
  const later = gossip.step({ type: 'frontier', entries }, START + 120)

  assert.equal(wake?.at, START + 110)
  assert.deepEqual(
    pushed.map(({ message }) => message.frontier),
    [[advertisement(3, 0.7), advertisement(2, 0.8)]],
  )
  assert.deepEqual(only(later, 'send-exchange'), [])
})

test('an answer from elsewhere in the name of a proven peer is unauthenticated', () => {
  const gossip = stateOf()
  gossip.step({ type: 'tick' }, START)
  answer(gossip, peer(1), START, [advertisement(1, 0.9)])
  const evil = { peerId: 'p1', address: 'http://evil.example' }

  answer(gossip, evil, START, [advertisement(1, 99), advertisement(2, 0.1)])

  assert.deepEqual(
    gossip.advertisementsOf(cid(1)).map(({ from, value }) => [from.address, value]),
    [[peer(1).address, 0.9]],
  )
  assert.deepEqual(
    gossip.advertisementsOf(cid(2)).map(({ unauthenticated }) => unauthenticated),
    [true],
  )
  assert.equal(gossip.peer('p1')?.address, peer(1).address)
})

test('items in a hundred metrics leave room for one in another when they are pushed together', () => {
  const gossip = stateOf()
  gossip.step({ type: 'tick' }, START)
  answer(gossip, peer(1))
  const flood = Array.from({ length: 20 }, (_, n) =>
    Array.from({ length: 100 }, (_, m) => ({ ...work(n, m), metric: `!${n}.${m}` })),
  ).flat()

  gossip.step({ type: 'frontier', entries: [...flood, work(99, 0.5)] }, START + 10)
  const pushed = only(gossip.step({ type: 'tick' }, START + 10), 'send-exchange')

  const cids = pushed[0]?.message.frontier.map((entry) => entry.cid)
  assert.equal(cids?.length, 100)
  assert.equal(new Set(cids).size, 21)
})

test('a suspect is pushed to once a round', () => {
  const gossip = stateOf()
  gossip.step({ type: 'tick' }, START)
  answer(gossip, peer(1))
  answer(gossip, peer(2))
  gossip.step({ type: 'contact-failed', peer: peer(2) }, START)
  const receivers: string[] = []
  for (let n = 1; n <= 5; n += 1) {
    const now = START + n * 200
    gossip.step({ type: 'frontier', entries: [work(n, 1 / n)] }, now)
    receivers.push(
      ...only(gossip.step({ type: 'tick' }, now), 'send-exchange').map(
        (effect) => effect.peer.peerId,
      ),
    )
  }

  assert.deepEqual(receivers.filter((peerId) => peerId === 'p1').length, 5)
  assert.deepEqual(receivers.filter((peerId) => peerId === 'p2').length, 1)
})

test('a peer that requests an item again and again is sent it once a round', () => {
  const gossip = stateOf()
  gossip.step({ type: 'frontier', entries: [work(1, 0.9)] }, START)
  gossip.step({ type: 'tick' }, START)
  const iwant = [shortId(cid(1))]
  const message = { ...messageOf(peer(1)), digest: { fingerprint: 'x', iwant } }
  const sends = () => {
    const effects = gossip.step({ type: 'exchange-answered', peer: peer(1), message }, START)
    return only(effects, 'send-exchange').filter((effect) => effect.message.frontier.length > 0)
      .length
  }

  assert.deepEqual([sends(), sends(), sends()], [1, 0, 0])
})

test('nothing is requested of this grove itself, nor before the first round', () => {
  const early = stateOf()
  const digest = { fingerprint: 'x', ihave: ['0123456789abcdef'] }
  const wantsOf = (gossip: GossipState, from: PeerAddress) => {
    const effects = gossip.step(
      { type: 'exchange-received', message: { ...messageOf(from), digest } },
      START,
    )
    return only(effects, 'reply-exchange').map(({ message }) => message.digest?.iwant)
  }
  assert.deepEqual(wantsOf(early, peer(1)), [undefined])

  const gossip = stateOf()
  gossip.step({ type: 'tick' }, START)
  assert.deepEqual(wantsOf(gossip, self), [undefined])
  assert.deepEqual(wantsOf(gossip, peer(1)), [digest.ihave])
})

test('an unanswered shuffle is repeated with another peer, twice in a round', () => {
  const gossip = stateOf({ seeds: [1, 2, 3, 4].map(peer) })
  const partners: string[] = []
  let [shuffle] = only(gossip.step({ type: 'tick' }, START), 'send-shuffle')
  while (shuffle !== undefined) {
    partners.push(shuffle.peer.peerId)
    ;[shuffle] = only(
      gossip.step({ type: 'contact-failed', peer: shuffle.peer }, START + 5_000),
      'send-shuffle',
    )
  }

  assert.equal(new Set(partners).size, 3)
  assert.equal(partners.length, 3)
})

test('in a view in which no peer has answered, a peer that shuffles replaces one', () => {
  const gossip = stateOf()
  const offered = (from: number) => [1, 2, 3, 4, 5].map((n) => infoOf(peer(from + n)))
  for (const from of [100, 110])
    gossip.step(
      { type: 'shuffle-received', request: { sender: infoOf(peer(from)), offered: offered(from) } },
      START,
    )
  const before = gossip.peers().map(({ peerId }) => peerId)

  gossip.step(
    { type: 'shuffle-received', request: { sender: infoOf(peer(120)), offered: offered(120) } },
    START,
  )

  const after = gossip.peers().map(({ peerId }) => peerId)
  assert.equal(before.length, 10)
  assert.equal(after.length, 10)
  assert.deepEqual(
    after.filter((peerId) => !before.includes(peerId)),
    ['p120'],
  )
})

test('a contact outside of gossip counts only for known peers', () => {
  const gossip = stateOf({ seeds: [peer(1)] })

  const effects = [1, 2].flatMap((n) => gossip.step({ type: 'contact-made', peer: peer(n) }, START))

  assert.deepEqual(statuses(effects), ['p1 alive'])
  assert.equal(gossip.peer('p2'), undefined)
  assert.deepEqual(gossip.livePeers(START), [peer(1)])
})

test('a seed added later is called in the next round', () => {
  const gossip = stateOf()
  gossip.step({ type: 'tick' }, START)
  gossip.step({ type: 'seed-added', peer: { peerId: 'http://s:1', address: 'http://s:1' } }, START)

  const effects = gossip.step({ type: 'tick' }, START + 2 * INTERVAL_MS)

  assert.deepEqual(
    only(effects, 'send-exchange').map((effect) => effect.peer.address),
    ['http://s:1'],
  )
})
