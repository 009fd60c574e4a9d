import assert from 'node:assert/strict'
import { test } from 'node:test'
import { enforceInvariants } from '../../../src/core/invariant.ts'
import type { PeerAddress } from '../../../src/core/peers/peer.ts'
import type { DigestEntry } from '../../../src/core/wire/gossip.ts'
import { GossipState } from '../../../src/protocol/gossip-state.ts'
import { suspicionRounds } from '../../../src/protocol/membership/liveness.ts'
import type { Effect } from '../../../src/protocol/messages.ts'
import { messageOf } from '../../support/gossip.ts'
import { cid, INTERVAL_MS, peer, START, seeded, work } from './network.ts'

enforceInvariants()

const seed: PeerAddress = { peerId: 'seed', address: 'http://10.9.0.1:4515' }
const thief: PeerAddress = { peerId: 'seed', address: 'http://10.9.0.2:4515' }
const bare = ({ address }: PeerAddress) => ({ peerId: address, address })

function begun(seeds: readonly PeerAddress[]): GossipState {
  const config = { self: peer(0), seeds, capabilities: {}, gossipIntervalMs: INTERVAL_MS }
  const gossip = new GossipState(config, seeded(1))
  gossip.step({ type: 'tick' }, START)
  return gossip
}

const entry = (n: number): DigestEntry => ({ ...work(n, n), tags: [] })

function answers(gossip: GossipState, at: PeerAddress, as = at, now = START): Effect[] {
  const message = messageOf(as, [entry(1)])
  const effects = gossip.step({ type: 'exchange-answered', peer: at, message }, now)
  gossip.checkInvariants()
  return effects
}

/** Peers fill the view, each of which answers. */
function fillView(gossip: GossipState): PeerAddress[] {
  const others = Array.from({ length: 12 }, (_, n) => peer(n + 1))
  for (const other of others) answers(gossip, other)
  return others
}

const known = (gossip: GossipState) =>
  gossip.peers().map(({ peerId, address, status }) => `${peerId} at ${address}: ${status}`)

test('whoever answers with the id of a seed that is away for a moment does not get its place', () => {
  const gossip = begun([bare(seed)])
  answers(gossip, bare(seed), seed)
  gossip.step({ type: 'contact-failed', peer: seed }, START)

  gossip.step({ type: 'exchange-received', message: messageOf(thief) }, START)
  answers(gossip, thief)

  assert.deepEqual(known(gossip), [`seed at ${seed.address}: suspected`])

  answers(gossip, seed)

  assert.deepEqual(known(gossip), [`seed at ${seed.address}: alive`])
})

test('the id of a seed that has failed may be had elsewhere until the seed answers again', () => {
  const gossip = begun([bare(seed)])
  answers(gossip, bare(seed), seed)
  gossip.step({ type: 'contact-failed', peer: seed }, START)
  const later = START + (suspicionRounds(1) + 2) * INTERVAL_MS
  gossip.step({ type: 'tick' }, later)

  answers(gossip, thief, thief, later)

  assert.deepEqual(known(gossip), [
    `seed at ${thief.address}: alive`,
    `${seed.address} at ${seed.address}: failed`,
  ])

  answers(gossip, bare(seed), seed, later)

  assert.deepEqual(known(gossip), [`seed at ${seed.address}: alive`])
})

/** A seed that answered once, and has failed since. */
function failedSeed() {
  const gossip = begun([bare(seed)])
  answers(gossip, bare(seed), seed)
  gossip.step({ type: 'contact-failed', peer: seed }, START)
  const later = START + (suspicionRounds(1) + 2) * INTERVAL_MS
  const heard = (from: PeerAddress, now: number) =>
    gossip
      .step({ type: 'exchange-received', message: messageOf(from) }, now)
      .flatMap((effect) => (effect.type === 'send-exchange' ? [effect.peer] : []))
  return { gossip, later, heard }
}

test('a seed that has failed and speaks from another address is called back there', () => {
  const { gossip, later, heard } = failedSeed()
  assert.deepEqual(heard(thief, START), [])
  gossip.step({ type: 'tick' }, later)

  const called = heard(thief, later)
  answers(gossip, bare(thief), thief, later)

  assert.deepEqual(called, [bare(thief)])
  assert.deepEqual(known(gossip), [
    `seed at ${thief.address}: alive`,
    `${seed.address} at ${seed.address}: failed`,
  ])
})

test('who only says to be a seed that has failed does not get its id', () => {
  const { gossip, later, heard } = failedSeed()
  gossip.step({ type: 'tick' }, later)

  heard(thief, later)
  answers(gossip, bare(thief), { peerId: 'other', address: thief.address }, later)

  assert.deepEqual(known(gossip), [
    `other at ${thief.address}: alive`,
    `seed at ${seed.address}: failed`,
  ])
})

test('a seed that has failed and is named by others at another address is called there', () => {
  const { gossip, later } = failedSeed()
  gossip.step({ type: 'tick' }, later)
  const info = { age: 0, lastSeen: '2026-01-01T00:00:00.000Z' }
  const request = { sender: { ...peer(1), ...info }, offered: [{ ...thief, ...info }] }

  gossip.step({ type: 'shuffle-received', request }, later)
  gossip.checkInvariants()
  answers(gossip, bare(thief), thief, later)

  assert.ok(known(gossip).includes(`seed at ${thief.address}: alive`))
})

test('two seeds may be one grove: the one that answers has its key', () => {
  const key = `ed25519:${'0a'.repeat(32)}`
  const [first, second] = [
    { peerId: key, address: seed.address },
    { peerId: key, address: thief.address },
  ]
  const gossip = begun([first])
  const answered = (at: PeerAddress) => {
    const message = messageOf({ peerId: key, address: at.address })
    gossip.step({ type: 'exchange-answered', peer: at, message, isProven: true }, START)
    gossip.checkInvariants()
  }
  answered(first)
  gossip.step({ type: 'seed-added', peer: second }, START)
  answered(second)
  assert.ok(known(gossip).includes(`${key} at ${first.address}: alive`))

  gossip.step({ type: 'contact-failed', peer: first }, START)
  answered(second)

  assert.ok(known(gossip).includes(`${key} at ${second.address}: alive`))
})

test('another id than the operator wrote is told, and the seed is not alive until its own answers', () => {
  const gossip = begun([seed])
  const impostor = { peerId: 'impostor', address: seed.address }

  const effects = answers(gossip, seed, impostor)
  gossip.step({ type: 'contact-made', peer: seed }, START)
  gossip.step({ type: 'exchange-received', message: messageOf(impostor, [entry(2)]) }, START)

  assert.deepEqual(
    effects.map(({ type }) => type).filter((type) => type !== 'wake'),
    ['peer-status', 'wrong-id'],
  )
  assert.deepEqual(known(gossip), [`seed at ${seed.address}: suspected`])
  assert.deepEqual(gossip.federated(START), [])

  answers(gossip, seed)

  assert.deepEqual(known(gossip), [`seed at ${seed.address}: alive`])
  assert.deepEqual(
    gossip.federated(START).map((item) => item.cid),
    [cid(1)],
  )
})

test('each round exchanges with a seed, in turns, whatever has filled the view', () => {
  const seeds = [bare(seed), { peerId: 'http://10.9.0.3', address: 'http://10.9.0.3' }]
  const gossip = begun([])
  fillView(gossip)
  for (const each of seeds) {
    gossip.step({ type: 'seed-added', peer: each }, START)
    answers(gossip, each, { ...each, peerId: `at ${each.address}` })
  }
  const addresses: string[] = seeds.map(({ address }) => address)

  const called = [1, 2, 3, 4].map((round) =>
    gossip
      .step({ type: 'tick' }, START + round * 2 * INTERVAL_MS)
      .flatMap((effect) => (effect.type === 'send-exchange' ? [effect.peer.address] : []))
      .filter((address) => addresses.includes(address)),
  )

  assert.deepEqual(
    called.map((each) => each.length),
    [1, 1, 1, 1],
  )
  assert.deepEqual(new Set(called.flat()), new Set(addresses))
})

test('what began here is told to a seed first, though the view has no room for it', () => {
  const gossip = begun([])
  const others = fillView(gossip)
  gossip.step({ type: 'seed-added', peer: bare(seed) }, START)
  answers(gossip, bare(seed), seed)
  gossip.step({ type: 'frontier', entries: [work(9, 0.5)] }, START)

  const effects = gossip.step({ type: 'tick' }, START + 200)

  const told = effects.flatMap((each) => (each.type === 'send-exchange' ? [each.peer.peerId] : []))
  assert.equal(told[0], 'seed')
  assert.equal(told.length, 10)
  assert.ok(told.slice(1).every((id) => others.some(({ peerId }) => peerId === id)))
})

test('a key is nobody’s name but of who signs with it', () => {
  const key = `ed25519:${'0a'.repeat(32)}`
  const [owner, other] = [peer(1), peer(2)].map(({ address }) => ({ peerId: address, address }))
  assert.ok(owner && other)
  const gossip = begun([])
  const answersAs = ({ address }: PeerAddress, isProven: boolean) => {
    const message = messageOf({ peerId: key, address })
    const dialled = { peerId: address, address }
    gossip.step({ type: 'exchange-answered', peer: dialled, message, isProven }, START)
    gossip.checkInvariants()
  }

  answersAs(other, false)
  assert.deepEqual(known(gossip), [`${other.address} at ${other.address}: alive`])
  answersAs(owner, true)
  answersAs(other, false)

  assert.deepEqual(known(gossip).sort(), [
    `${key} at ${owner.address}: alive`,
    `${other.address} at ${other.address}: alive`,
  ])
})
