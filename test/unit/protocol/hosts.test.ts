import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FEDERATED_ADVERTISER_SHARE, FEDERATED_MAX_PER_METRIC } from '../../../src/core/limits.ts'
import type { PeerAddress } from '../../../src/core/peers/peer.ts'
import type { DigestEntry, PeerInfo } from '../../../src/core/wire/gossip.ts'
import { FederatedFrontier } from '../../../src/protocol/gossip/federated-frontier.ts'
import { shortId } from '../../../src/protocol/gossip/pending-requests.ts'
import { GossipState } from '../../../src/protocol/gossip-state.ts'
import type { Effect, GossipConfig } from '../../../src/protocol/messages.ts'
import { HostMap } from '../../../src/transport/hosts.ts'
import { messageOf } from '../../support/gossip.ts'
import { cid, INTERVAL_MS, START, seeded } from './network.ts'

const stamp = new Date(START).toISOString()
const at = (peerId: string, address: string): PeerAddress => ({ peerId, address })
const self = at('self', 'http://9.0.0.1:4515')
const hosts = new HostMap({ allowPrivate: false, own: self.address })

function begun(options: Partial<GossipConfig> = {}): GossipState {
  const gossip = new GossipState(
    { self, seeds: [], hosts, capabilities: {}, gossipIntervalMs: INTERVAL_MS, ...options },
    seeded(1),
  )
  gossip.step({ type: 'tick' }, START)
  return gossip
}

const infoOf = (peer: PeerAddress): PeerInfo => ({ ...peer, age: 0, lastSeen: stamp })
const entry = (n: number): DigestEntry => ({
  cid: cid(n),
  metric: 'val_bpb',
  value: n,
  direction: 'minimize',
})

const addresses = (gossip: GossipState) => gossip.peers().map(({ address }) => address)
const hostOf = ({ address }: PeerAddress) => new URL(address).hostname
const types = (effects: readonly Effect[]) =>
  effects.map(({ type }) => type).filter((type) => type !== 'wake')

test('what is no address, or has a path, is answered and otherwise ignored', () => {
  const gossip = begun()

  for (const address of [
    'javascript:1',
    'http://8.0.0.1:99999',
    ' http://8.0.0.1',
    'http://8.0.0.1/any/page',
    'http://10.0.0.1:4515',
  ]) {
    const stranger = at('stranger', address)
    const message = messageOf(stranger, [entry(1)])
    const request = { sender: infoOf(stranger), offered: [infoOf(at('third', 'http://8.0.0.3'))] }
    const exchanged = gossip.step({ type: 'exchange-received', message, remote: '8.0.0.1' }, START)
    const shuffled = gossip.step({ type: 'shuffle-received', request, remote: '8.0.0.1' }, START)

    assert.deepEqual(types(exchanged), ['reply-exchange'])
    assert.deepEqual(types(shuffled), ['reply-shuffle'])
  }

  assert.deepEqual(gossip.peers(), [])
})

test('a peer that is offered at a path is not taken, one without is', () => {
  const gossip = begun()
  const sender = infoOf(at('a', 'http://8.0.0.1'))
  const offered = [infoOf(at('b', 'http://8.0.0.2/b')), infoOf(at('c', 'http://8.0.0.3'))]

  gossip.step({ type: 'shuffle-received', request: { sender, offered }, remote: '8.0.0.1' }, START)

  assert.deepEqual(addresses(gossip), ['http://8.0.0.1', 'http://8.0.0.3'])
})

test('a path that the operator wrote is taken', () => {
  const seed = at('seed', 'http://8.0.0.1/grove')
  const gossip = begun({ seeds: [seed] })

  gossip.step({ type: 'exchange-answered', peer: seed, message: messageOf(seed) }, START)

  assert.deepEqual(gossip.livePeers(START), [seed])
})

test('all ids on one host have one share of a metric, and displace no other provider', () => {
  const federated = new FederatedFrontier(hosts)
  const merge = (from: PeerAddress, entries: DigestEntry[], now: number) =>
    federated.merge(
      { from, entries, unauthenticated: false },
      { now, heldDirection: () => undefined },
    )
  const many = Array.from({ length: 100 }, (_, n) => n)
  for (let id = 0; id < 10; id += 1) {
    const minted = at(`minted${id}`, `http://8.0.0.1:${1000 + id}`)
    const inventions = many.map((n) => ({ ...entry(1_000 + 100 * id + n), value: -n }))
    merge(minted, inventions, START + id)
  }
  const metric = federated.list()

  assert.equal(metric.length, FEDERATED_MAX_PER_METRIC * FEDERATED_ADVERTISER_SHARE)

  merge(at('honest', 'http://8.0.0.2'), [entry(1)], START)
  for (let id = 0; id < 10; id += 1)
    merge(at(`minted${id}`, `http://8.0.0.1:${1000 + id}`), [entry(1)], START + 100 + id)

  assert.ok(federated.providersOf(cid(1)).some(({ peerId }) => peerId === 'honest'))
  federated.checkInvariants()
})

const victim = at('victim', 'http://8.0.0.9:4515')
const sent = (effects: readonly Effect[]) =>
  effects.flatMap((effect) => (effect.type === 'send-exchange' ? [effect] : []))
const heard = (gossip: GossipState, n: number) =>
  gossip.federated(START).filter((item) => item.cid === cid(n)).length > 0
const note = (ihave: string[]) => ({ fingerprint: 'f'.repeat(16), ihave })

/** Has a peer answer, so that it is known and proven. */
const meet = (gossip: GossipState, peer: PeerAddress, frontier: DigestEntry[] = []) =>
  gossip.step({ type: 'exchange-answered', peer, message: messageOf(peer, frontier) }, START)

test('messages that name a third party cause one small message to it, and no claim counts', () => {
  const gossip = begun()
  const message = messageOf(victim, [entry(1)])

  const effects = Array.from({ length: 40 }, (_, n) => {
    const from = at(`id${n}`, `http://8.0.0.9:${4515 + n}`)
    const offered = [infoOf(at(`other${n}`, `http://8.0.0.9:${5515 + n}`))]
    const said = { ...messageOf(from, message.frontier), digest: note([`${n}`]) }
    return [
      ...gossip.step({ type: 'exchange-received', message: said, remote: '8.0.0.1' }, START),
      ...gossip.step(
        {
          type: 'shuffle-received',
          request: { sender: infoOf(from), offered },
          remote: '8.0.0.1',
        },
        START,
      ),
    ]
  }).flat()
  for (let n = 0; n < 100; n += 1)
    effects.push(...gossip.step({ type: 'tick' }, START + n * (INTERVAL_MS / 100)))

  const [probe, ...more] = sent(effects)
  assert.deepEqual(more, [])
  assert.deepEqual(probe?.message.frontier, [])
  const sizeOf = (value: unknown) => JSON.stringify(value).length
  assert.ok(sizeOf(probe?.message) <= sizeOf(message))
  assert.deepEqual(gossip.peers(), [])
  assert.ok(!heard(gossip, 1))
})

test('what a third party is said to have is heard from itself, when it answers the probe', () => {
  const gossip = begun()
  const message = messageOf(victim, [entry(1)])
  gossip.step({ type: 'exchange-received', message, remote: '8.0.0.1' }, START)

  meet(gossip, victim, [entry(2)])

  assert.ok(heard(gossip, 2) && !heard(gossip, 1))
  assert.deepEqual(addresses(gossip), [victim.address])
})

test('a message from the host of its address counts whole', () => {
  const gossip = begun()
  const message = messageOf(victim, [entry(1)])

  gossip.step({ type: 'exchange-received', message, remote: '8.0.0.9' }, START)

  assert.ok(heard(gossip, 1))
})

test('of a peer that answers, a little counts of what comes from elsewhere: of all, 64 a round', () => {
  const gossip = begun()
  const known = Array.from({ length: 10 }, (_, n) => at(`p${n}`, `http://8.0.${n}.1`))
  for (const peer of known) meet(gossip, peer)
  for (const [n, peer] of known.entries()) {
    const frontier = Array.from({ length: 50 }, (_, i) => entry(100 * n + i + 1))
    const message = messageOf(peer, frontier)
    gossip.step({ type: 'exchange-received', message, remote: '7.0.0.1' }, START)
  }

  const counts = new Map<string, number>()
  for (const { advertisements } of gossip.federated(START))
    for (const { from } of advertisements)
      counts.set(from.peerId, (counts.get(from.peerId) ?? 0) + 1)

  assert.equal(Math.max(...counts.values()), 8)
  assert.equal(gossip.federated(START).length, 64)
})

test('what does not count hides nothing: the item is still asked for', () => {
  const gossip = begun()
  const honest = at('honest', 'http://8.0.0.2')
  meet(gossip, honest)
  const lie = { ...messageOf(victim, [entry(1)]), digest: note([]) }
  gossip.step({ type: 'exchange-received', message: lie, remote: '8.0.0.1' }, START)

  const offer = { ...messageOf(honest), digest: note([shortId(cid(1))]) }
  const effects = gossip.step(
    { type: 'exchange-received', message: offer, remote: '8.0.0.2' },
    START,
  )

  const [reply] = effects.flatMap((effect) => (effect.type === 'reply-exchange' ? [effect] : []))
  assert.deepEqual(reply?.message.digest?.iwant, [shortId(cid(1))])
})

test('an address that does not answer gets one message in two rounds', () => {
  const gossip = begun()
  const offered = [infoOf(victim)]
  const sender = infoOf(at('a', 'http://8.0.0.1'))
  gossip.step({ type: 'shuffle-received', request: { sender, offered }, remote: '8.0.0.1' }, START)

  let count = 0
  let now = START
  const rounds = 8
  while (now < START + rounds * INTERVAL_MS) {
    const effects = gossip.step({ type: 'tick' }, now)
    for (const effect of effects) {
      if (effect.type !== 'send-exchange' && effect.type !== 'send-shuffle') continue
      if (effect.peer.address === victim.address) count += 1
      gossip.step({ type: 'contact-failed', peer: effect.peer }, now)
    }
    now = Math.max(now + 1, effects.find((effect) => effect.type === 'wake')?.at ?? now + 1)
  }

  assert.ok(count >= 2 && count <= rounds / 2 + 1, `${count} messages`)
})

test('shuffles and calls from one host, under ever new ids, take no turn of another host', () => {
  const gossip = begun()
  const shuffle = (from: PeerAddress, remote: string) =>
    gossip.step(
      { type: 'shuffle-received', request: { sender: infoOf(from), offered: [] }, remote },
      START,
    )
  for (let n = 0; n < 40; n += 1) {
    shuffle(at(`id${n}`, `http://8.0.0.9:${4515 + n}`), '8.0.0.9')
    shuffle(at(`other${n}`, `http://8.0.1.${n}:4515`), '8.0.0.9')
  }
  const newcomer = at('newcomer', 'http://8.0.0.1:4515')

  const effects = shuffle(newcomer, '8.0.0.1')

  assert.ok(addresses(gossip).includes(newcomer.address))
  assert.ok(sent(effects).some(({ peer }) => peer.address === newcomer.address))
})

test('one host has one place in the view, whatever ports and ids it has; seeds have theirs', () => {
  const seeds = [at('seed', 'http://8.0.0.1:1'), at('other seed', 'http://8.0.0.1:2')]
  const gossip = begun({ seeds })
  for (const seed of seeds) meet(gossip, seed)
  for (let n = 0; n < 90; n += 1) {
    const minted = at(`id${n}`, `http://8.0.0.1:${4515 + n}`)
    const sender = infoOf(minted)
    const offered = [infoOf(at(`offered${n}`, `http://8.0.0.1:${5515 + n}`))]
    const message = messageOf(minted)
    gossip.step({ type: 'exchange-received', message, remote: '8.0.0.1' }, START)
    gossip.step(
      { type: 'shuffle-received', request: { sender, offered }, remote: '8.0.0.1' },
      START,
    )
    meet(gossip, minted)
  }
  for (const neighbour of ['http://9.0.0.1:1', 'http://9.0.0.1:2'])
    meet(gossip, at(neighbour, neighbour))

  const view = gossip.peers().filter(({ active }) => active)

  assert.deepEqual(
    view.map(({ address }) => address).filter((address) => address.startsWith('http://8.')),
    ['http://8.0.0.1:1', 'http://8.0.0.1:2', 'http://8.0.0.1:4515'],
  )
  assert.equal(view.filter(({ address }) => address.startsWith('http://9.')).length, 2)
})

test('of two names that turn out to be one host, one stays in the view', () => {
  const named = new HostMap({ allowPrivate: false, own: self.address })
  const gossip = begun({ hosts: named })
  const [first, second] = [at('a', 'http://a.example'), at('b', 'http://b.example')]
  meet(gossip, first)
  const sender = infoOf(at('c', 'http://8.0.0.3'))
  const request = { sender, offered: [infoOf(second)] }
  gossip.step({ type: 'shuffle-received', request, remote: '8.0.0.3' }, START)
  assert.equal(gossip.peers().length, 3)

  named.resolved('a.example', ['8.0.0.1'])
  named.resolved('b.example', ['8.0.0.1'])
  meet(gossip, second)

  assert.deepEqual(addresses(gossip), ['http://a.example', 'http://8.0.0.3'])
})

test('where a network has too much of a full view, a peer of it that never answered gives way', () => {
  const gossip = begun()
  const crowd = Array.from({ length: 5 }, (_, n) => at(`crowd${n}`, `http://8.1.1.${n + 1}`))
  for (const peer of crowd)
    gossip.step(
      { type: 'exchange-received', message: messageOf(peer), remote: hostOf(peer) },
      START,
    )
  for (let n = 0; n < 5; n += 1) meet(gossip, at(`p${n}`, `http://8.${n + 2}.0.1`))

  meet(gossip, at('new', 'http://8.9.0.1'))

  const kept = addresses(gossip)
  assert.equal(kept.filter((address) => address.startsWith('http://8.1.1.')).length, 4)
  assert.ok(kept.includes('http://8.9.0.1'))
})

test('of 700 shuffles with 20 dead addresses each a few hundred peers are kept', () => {
  const gossip = begun()

  for (let n = 0; n < 700; n++) {
    const address = (host: number) => `http://8.${n % 250}.${Math.floor(n / 250)}.${host}:4515`
    const sender = infoOf(at(`sender ${n}`, address(1)))
    const offered = Array.from({ length: 20 }, (_, m) => infoOf(at(`${n} ${m}`, address(m + 2))))
    const remote = new URL(sender.address).hostname
    const now = START + n * 100
    const effects = gossip.step(
      { type: 'shuffle-received', request: { sender, offered }, remote },
      now,
    )
    for (const effect of effects)
      if ('peer' in effect) gossip.step({ type: 'contact-failed', peer: effect.peer }, now)
  }

  assert.ok(gossip.peers().length < 500, `${gossip.peers().length} peers`)
})
