import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SIMULATED_HOSTS } from '../../../../sim/network/hosts.ts'
import type { Hosts } from '../../../../src/core/peers/hosts.ts'
import type { PeerAddress } from '../../../../src/core/peers/peer.ts'
import type { NamedPeer } from '../../../../src/core/wire/gossip.ts'
import { Sampling } from '../../../../src/protocol/membership/sampling.ts'
import { seeded } from '../network.ts'

/** The nth grove, on a host of its own; with `seq` as the number of its record. */
const grove = (n: number, seq = 0): NamedPeer => ({
  peerId: `ed25519:${n.toString(16).padStart(64, '0')}`,
  address: `http://10.${n >> 16}.${(n >> 8) & 255}.${n & 255}:4515`,
  seq,
})
const groves = (first: number, count: number) =>
  Array.from({ length: count }, (_, n) => grove(first + n))
const SELF = grove(9_999)
const [A, B] = [grove(1), grove(2)]

function sampling({ seed = 1, hosts = SIMULATED_HOSTS }: { seed?: number; hosts?: Hosts } = {}) {
  return new Sampling({ self: SELF, hosts, random: seeded(seed), accepts: () => true })
}

/** One whose book has these peers. */
function knowing(peers: readonly NamedPeer[], options = {}): Sampling {
  const state = sampling(options)
  for (const peer of peers) state.proved(peer)
  state.beginRound([])
  return state
}

const ids = (peers: readonly PeerAddress[]) => new Set(peers.map(({ peerId }) => peerId))

test('a peer is in the view once it has answered, not because it calls or is named', () => {
  const state = knowing([A])

  const calls = [...state.heard(B), ...state.learn(A.peerId, [grove(3)])]

  assert.deepEqual(ids(calls), ids([B, grove(3)]))
  assert.deepEqual(ids(state.view()), ids([A]))
  state.proved(B)
  assert.deepEqual(ids(state.view()), ids([A, B]))
})

test('the view has twelve of the proven peers, each once, and changes with the rounds', () => {
  const state = knowing(groves(1, 100))
  const seen = new Set<string>()

  for (let round = 0; round < 100; round += 1) {
    state.beginRound([])
    for (const id of ids(state.view())) seen.add(id)
    assert.equal(ids(state.view()).size, 12)
    state.checkInvariants()
  }

  assert.ok(seen.size > 50, `${seen.size} of 100 have been in the view`)
})

test('a flood of callers gets three calls, and then one in four rounds', () => {
  const state = knowing(groves(1, 20))
  const flood = (round: number) =>
    groves(1_000 * (round + 1), 500).flatMap((one) => state.heard(one))
  const isCaller = ({ peerId }: PeerAddress) => Number.parseInt(peerId.slice(8), 16) >= 1_000

  const called = Array.from({ length: 41 }, (_, round) => {
    const atOnce = flood(round)
    return [...atOnce, ...state.beginRound([]).calls].filter(isCaller).length
  })

  assert.equal(called[0], 3)
  assert.equal(
    called.slice(1).reduce((sum, count) => sum + count),
    10,
  )
})

test('at most 16 candidates are called in a round, by lot among all that are named', () => {
  const namers = groves(1, 20)
  const state = knowing(namers)

  const calls = namers.flatMap(({ peerId }, n) => state.learn(peerId, groves(100 + 10 * n, 10)))

  assert.equal(calls.length, 16)
  const { calls: next } = state.beginRound([])
  const named = next.filter(({ peerId }) => !namers.some((namer) => namer.peerId === peerId))
  assert.equal(named.length, 16)
  const namersOfThem = new Set(named.map(({ peerId }) => peerId.slice(0, -1)))
  assert.ok(namersOfThem.size > 8, 'no namer has most of them')
})

test('who names peers that do not answer is listened to no more, until it is forgiven', () => {
  const state = knowing([A, B])

  for (const called of state.learn(A.peerId, groves(100, 4))) state.missed(called)

  assert.deepEqual(state.learn(A.peerId, groves(200, 4)), [])
  assert.equal(state.learn(B.peerId, groves(300, 4)).length, 4)
  for (let round = 0; round < 64; round += 1) state.beginRound([])
  assert.equal(state.learn(A.peerId, groves(400, 4)).length, 4)
})

test('who is not proven names nobody', () => {
  const state = knowing([A])

  assert.deepEqual(state.learn(B.peerId, groves(100, 4)), [])
})

test('a peer that does not answer two calls leaves the view, and returns with an answer', () => {
  const state = knowing([A, B])

  assert.deepEqual(ids(state.missed(A)), ids([A]), 'one lost call says little')
  assert.ok(ids(state.view()).has(A.peerId))
  assert.deepEqual(state.missed(A), [])

  assert.deepEqual(ids(state.view()), ids([B]))
  assert.equal(state.proved(A), 'recovered')
  assert.deepEqual(ids(state.view()), ids([A, B]))
})

test('a caller whose answer was lost is called back again within eight rounds', () => {
  const state = knowing([A])
  const calls = Array.from({ length: 17 }, () => {
    const atOnce = state.heard(B)
    return [...atOnce, ...state.beginRound([]).calls].filter(({ peerId }) => peerId === B.peerId)
  })

  const called = calls.flatMap((each, round) => each.map(() => round))

  assert.equal(called[0], 0)
  assert.ok(called.length >= 2 && called.length <= 4, `in the rounds ${called.join()}`)
})

test('where half of the calls are in vain, the whole view and more of the book are called', () => {
  const all = groves(1, 60)
  const state = knowing(all)
  const [first, second] = state.view()
  for (const peer of [first!, second!]) state.missed(peer)

  const { calls } = state.beginRound([])

  assert.ok(calls.length >= 20, `${calls.length} calls`)
})

test('all of the view are called in four rounds, by two exchanges or else by questions', () => {
  const state = knowing(groves(1, 100))
  const calledIn = new Map<string, number>()
  const since = (peer: PeerAddress) => calledIn.get(peer.peerId) ?? 0

  for (let round = 1; round <= 60; round += 1) {
    const exchanged = state
      .view()
      .toSorted((a, b) => since(a) - since(b))
      .slice(0, 2)
    const { calls } = state.beginRound([], exchanged)
    for (const { peerId } of [...exchanged, ...calls]) calledIn.set(peerId, round)
    const longest = round - Math.min(...state.view().map(since))
    assert.ok(round < 5 || longest <= 4, `${longest} rounds`)
  }
})

test('a peer that is silent for 12 rounds has failed, and others do not bring it back', () => {
  const state = knowing([A, B])
  const failed: PeerAddress[] = []

  for (let round = 0; round < 15; round += 1) {
    const begun = state.beginRound([])
    failed.push(...begun.failed)
    for (const { peerId } of begun.calls) if (peerId === A.peerId) state.missed(A)
    state.proved(B)
    assert.equal(begun.calls.filter(({ peerId }) => peerId === A.peerId).length, round < 12 ? 1 : 0)
  }

  assert.deepEqual(ids(failed), ids([A]))
  assert.deepEqual(state.learn(B.peerId, [A]), [])
  assert.deepEqual(ids(state.heard(A)), ids([A]), 'its own call does')
  assert.equal(state.proved(A), 'new')
})

test('peers are named while they answer, the newest among them, to all but themselves', () => {
  const state = knowing(groves(1, 100))
  state.proved(grove(500))

  const named = ids(state.offer(A, 10))

  assert.equal(named.size, 10)
  assert.ok(named.has(grove(500).peerId))
  assert.ok(!ids(state.offer(grove(500), 10)).has(grove(500).peerId))
  for (let round = 0; round < 64; round += 1) state.beginRound([])
  state.proved(B)
  assert.deepEqual(ids(state.offer(A, 10)), ids([B]))
})

test('who asks is told of another grove that has its key', () => {
  const state = knowing([...groves(1, 40), { ...A, address: grove(99).address, seq: 1 }])

  const [first] = state.offer(A, 1)

  assert.deepEqual(first, { ...A, address: grove(99).address, seq: 1 })
})

test('a host has one place, whoever answers there first, until it answers no more', () => {
  const state = knowing([A])
  const second = { ...B, address: A.address.replace('4515', '4516') }

  assert.equal(state.proved(second), undefined)
  assert.deepEqual(ids(state.view()), ids([A]))
  for (let call = 0; call < 2; call += 1) state.missed(A)
  assert.equal(state.proved(second), 'new')
  assert.deepEqual(ids(state.view()), ids([second]))
})

test('another key at an address takes its place', () => {
  const state = knowing([A])

  assert.equal(state.proved({ ...B, address: A.address }), 'new')

  assert.deepEqual(ids(state.proven()), ids([B]))
})

test('a hundred hosts of one network get the share of one network', () => {
  const hosts: Hosts = {
    ...SIMULATED_HOSTS,
    prefixOf: (address) => /10\.1\.\d+/.exec(address)?.[0],
  }
  const gang = groves(1 << 16, 100)
  const state = knowing([...groves(1, 40), ...gang], { hosts })
  let taken = 0

  for (let round = 0; round < 200; round += 1) {
    state.beginRound([])
    taken += state.view().filter(({ peerId }) => ids(gang).has(peerId)).length
  }

  assert.ok(taken < 0.1 * 2_000, `${taken} of 2,000 places`)
})

test('a peer moves when it answers elsewhere, and is called there for a newer record only', () => {
  const state = knowing([A, { ...B, seq: 7 }])
  const moved = (seq: number) => ({ ...B, address: grove(3).address, seq })

  assert.deepEqual(state.learn(A.peerId, [moved(7)]), [])
  const [called] = state.learn(A.peerId, [moved(8)])
  state.missed(called!)
  assert.equal(state.get(B.peerId)?.missed, 0, 'nothing was asked at its own address')
  state.proved(moved(8))

  assert.equal(state.get(B.peerId)?.address, grove(3).address)
  assert.equal(state.proven().length, 2)
})

test('a peer on the internet cannot name one on this network', () => {
  const isNear = (address: string) => address.startsWith('http://10.0.9')
  const hosts: Hosts = {
    ...SIMULATED_HOSTS,
    keyOf: (address) => (isNear(address) ? undefined : SIMULATED_HOSTS.keyOf(address)),
  }
  const near = grove((9 << 8) + 1)
  const state = knowing([A, near], { hosts })

  assert.deepEqual(state.learn(A.peerId, [grove((9 << 8) + 2)]), [])
  assert.equal(state.learn(near.peerId, [grove((9 << 8) + 2)]).length, 1)
})

test('while few are known, seeds that answer are asked, and others if none does', () => {
  const state = knowing(groves(1, 5))
  const asked = (seeds: readonly PeerAddress[]) => {
    const { calls } = state.beginRound(seeds)
    return calls[0]?.peerId
  }

  for (let round = 0; round < 20; round += 1) {
    state.proved(A)
    assert.equal(asked([A]), A.peerId)
  }
  state.missed(A)
  assert.notEqual(asked([A]), undefined)
})

test('what was known before a start is called, and counts when it has answered', () => {
  const state = sampling()
  state.remember(groves(1, 40))

  const { calls } = state.beginRound([])

  assert.equal(calls.length, 16)
  assert.deepEqual(state.view(), [])
})

test('a full book keeps the peers with the least secret hashes, whoever comes first', () => {
  const all = groves(1, 2_100)
  const kept = (peers: readonly NamedPeer[]) => ids(knowing(peers).proven())

  assert.equal(kept(all).size, 2_048)
  assert.deepEqual(kept(all), kept(all.toReversed()))
})
