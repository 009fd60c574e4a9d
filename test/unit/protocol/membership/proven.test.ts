import assert from 'node:assert/strict'
import { test } from 'node:test'
import { World, work } from '../../../../sim/gossip/world.ts'
import { SIMULATED_HOSTS } from '../../../../sim/network/hosts.ts'
import type { PeerAddress } from '../../../../src/core/peers/peer.ts'
import type { GossipMessage, NamedPeer } from '../../../../src/core/wire/gossip.ts'
import { GossipState } from '../../../../src/protocol/gossip-state.ts'
import type { Effect, Input } from '../../../../src/protocol/messages.ts'
import { INTERVAL_MS, START, seeded } from '../network.ts'

const grove = (n: number): NamedPeer => ({
  peerId: `ed25519:${n.toString(16).padStart(64, '0')}`,
  address: `http://10.0.${n >> 8}.${n & 255}:4515`,
  seq: 0,
})
const [SELF, SEED, A, B] = [grove(1), grove(2), grove(3), grove(4)]

/** A grove at a moment, with what it wants done. */
class Driven {
  readonly gossip: GossipState
  now = START

  constructor(
    seeds: readonly PeerAddress[] = [],
    accepts = (_: PeerAddress) => true,
    isTrusted = (_: PeerAddress) => false,
  ) {
    const config = {
      ...{ self: SELF, seeds, hosts: SIMULATED_HOSTS, capabilities: {} },
      ...{ gossipIntervalMs: INTERVAL_MS, sampling: { random: seeded(2), accepts, isTrusted } },
    }
    this.gossip = new GossipState(config, seeded(1))
    this.round()
  }

  tell(input: Input): Effect[] {
    const effects = this.gossip.step(input, this.now)
    this.gossip.checkInvariants()
    return effects
  }

  round(): Effect[] {
    this.now += 1.2 * INTERVAL_MS
    return this.tell({ type: 'tick' })
  }

  /** A peer answers when it is asked who is there. */
  answers(peer: NamedPeer, named: NamedPeer[] = [], proven: string | false = peer.peerId) {
    const told = { peer, answer: { peers: named }, proven: proven || undefined, seq: peer.seq }
    return this.tell({ type: 'sample-answered', ...told })
  }

  get view(): string[] {
    return this.gossip
      .peers()
      .filter(({ active }) => active)
      .map(({ peerId }) => peerId)
  }
}

const message = ({ peerId, address }: PeerAddress): GossipMessage => ({
  ...{ peerId, address, frontier: [], load: { queueDepth: 0 }, capabilities: {} },
  timestamp: '2026-01-01T00:00:00.000Z',
})
const asked = (effects: readonly Effect[]) =>
  effects.flatMap((effect) => (effect.type === 'send-sample' ? effect.peer.address : []))

test('an answer that its key has not signed puts nobody into the view', () => {
  const driven = new Driven()

  driven.answers(A, [B], false)
  driven.tell({ type: 'exchange-answered', peer: A, message: message(A) })
  driven.tell({ type: 'exchange-received', message: message(B), remote: '10.0.0.4' })

  assert.deepEqual(driven.view, [])
  driven.tell({ type: 'exchange-answered', peer: A, message: message(A), isProven: true })
  driven.answers(B)
  assert.deepEqual(driven.view.sort(), [A.peerId, B.peerId])
})

test('shuffles are answered, and change nothing', () => {
  const driven = new Driven()
  driven.answers(A)
  const info = { ...B, age: 0, lastSeen: '2026-01-01T00:00:00.000Z' }

  const request = { sender: info, offered: [info] }
  const effects = driven.tell({ type: 'shuffle-received', request, remote: '10.0.0.4' })

  assert.ok(effects.some(({ type }) => type === 'reply-shuffle'))
  assert.ok(!driven.round().some(({ type }) => type === 'send-shuffle'))
  assert.deepEqual(driven.view, [A.peerId])
})

test('who answers under another key than was called is known by that', () => {
  const driven = new Driven()

  driven.answers(A, [], B.peerId)

  assert.deepEqual(driven.view, [B.peerId])
})

test("another key at a seed's address than the operator wrote is not let in", () => {
  const driven = new Driven([SEED])

  driven.answers({ ...A, address: SEED.address })

  assert.deepEqual(driven.gossip.provenPeers(), [])
})

test('a seed that has failed is met again where its key answers, until it is back', () => {
  const driven = new Driven([SEED])
  const moved = { ...SEED, address: A.address, seq: 1 }
  const answersAt = (peer: NamedPeer) => {
    driven.answers(peer)
    driven.tell({ type: 'exchange-answered', peer, message: message(peer), isProven: true })
    driven.round()
    return driven.gossip.peers().find(({ peerId }) => peerId === SEED.peerId)
  }
  driven.tell({ type: 'sample-received', request: from(SEED) })
  assert.equal(answersAt(SEED)?.address, SEED.address)
  while (driven.gossip.peer(SEED.peerId)?.status !== 'failed') {
    driven.tell({ type: 'contact-failed', peer: SEED })
    driven.round()
  }

  const heard = { type: 'exchange-received', message: message(moved), remote: '10.0.0.3' } as const
  const calls = [...driven.tell(heard), ...driven.round()]

  assert.ok(asked(calls).includes(moved.address), 'it is called back')
  assert.equal(answersAt(moved)?.address, moved.address)
  assert.deepEqual(driven.view, [SEED.peerId])
  assert.equal(answersAt(SEED)?.address, SEED.address)
})

test('an address that others name gets one small call in two rounds, whoever names it', () => {
  const driven = new Driven()
  const victim = (n: number) => ({ ...grove(n), address: 'http://192.0.2.1:80', seq: n })
  const calls: string[] = []

  for (let round = 0; round < 4; round += 1) {
    for (const namer of [A, B])
      calls.push(...asked(driven.answers(namer, [victim(100 + round), victim(200 + round)])))
    calls.push(...asked(driven.round()))
  }

  const here = calls.filter((address) => address === 'http://192.0.2.1:80')
  assert.ok(here.length >= 1 && here.length <= 3, `${here.length} calls in four rounds`)
})

test('who may not take part is neither called nor let in', () => {
  const driven = new Driven([], ({ peerId }) => peerId !== B.peerId)

  driven.answers(A)
  driven.answers(B)

  assert.deepEqual(driven.view, [A.peerId])
  assert.deepEqual(asked(driven.answers(A, [B])), [])
  assert.deepEqual(asked(driven.tell({ type: 'sample-received', request: from(B) })), [])
})

const from = (peer: NamedPeer) => ({ from: peer, most: 10 })

test("where this grove's own key is said to answer, one call a round finds out", () => {
  const driven = new Driven()
  driven.answers(A)
  const twin = (n: number) => ({ ...SELF, address: `http://10.9.0.${n}:4515` })

  const calls = asked(driven.answers(A, [twin(1), twin(2)]))

  assert.deepEqual(calls, [twin(1).address])
  assert.deepEqual(asked(driven.answers(A, [twin(3)])), [])
})

test('a key that was given up is known no more, and not called on the word of others', () => {
  const driven = new Driven()
  for (const peer of [A, B]) driven.answers(peer)

  driven.tell({ type: 'key-retired', peerId: B.peerId })

  assert.deepEqual(driven.view, [A.peerId])
  assert.deepEqual(asked(driven.answers(A, [B])), [])
})

test('peers that were proven before a start are called again, and enter when they answer', () => {
  const driven = new Driven()
  driven.tell({ type: 'peers-remembered', peers: [A, B] })

  const calls = asked(driven.round())

  assert.deepEqual(calls.sort(), [A.address, B.address])
  driven.answers(A)
  assert.deepEqual(driven.view, [A.peerId])
})

test('each round exchanges with a seed or a trusted peer, by turns, whatever the view is', () => {
  const trusted = [A, B]
  const driven = new Driven(
    [SEED],
    () => true,
    ({ peerId }) => trusted.some((one) => one.peerId === peerId),
  )
  const others = Array.from({ length: 40 }, (_, n) => grove(100 + n))
  for (const peer of [SEED, ...trusted, ...others]) driven.answers(peer)
  const chosen = [SEED, ...trusted].map(({ address }) => address)

  const rounds = Array.from({ length: 8 }, () => {
    const effects = driven.round()
    // All answer.
    for (const peer of [SEED, ...trusted, ...others]) driven.answers(peer)
    const [first = ''] = effects.flatMap((effect) =>
      effect.type === 'send-exchange' ? [effect.peer.address] : [],
    )
    return chosen.indexOf(first)
  })

  assert.equal(rounds.filter((index) => index === 0).length, 4, 'a seed in every other round')
  assert.equal(rounds.filter((index) => index === 1).length, 2)
  assert.equal(rounds.filter((index) => index === 2).length, 2)
})

test('five groves with one seed find each other, and go on without it', () => {
  const world = new World({ count: 0, seed: 1, sampling: 'proven' })
  const [seed, ...others] = Array.from({ length: 5 }, (_, n) =>
    world.start(world.addressOf(n), n === 0 ? [] : [world.addressOf(0)]),
  )

  world.runRounds(5)
  for (const { gossip } of others) assert.equal(gossip.peers().filter((p) => p.active).length, 4)
  world.stop(seed!)
  world.runRounds(5)
  world.store(others[0]!, work(1))
  world.runRounds(2)

  assert.equal(world.knowing(work(1).cid), 1)
})
