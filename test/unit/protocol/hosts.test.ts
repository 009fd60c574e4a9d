import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FEDERATED_ADVERTISER_SHARE, FEDERATED_MAX_PER_METRIC } from '../../../src/core/limits.ts'
import type { PeerAddress } from '../../../src/core/peers/peer.ts'
import type { DigestEntry, GossipMessage, PeerInfo } from '../../../src/core/wire/gossip.ts'
import { FederatedFrontier } from '../../../src/protocol/gossip/federated-frontier.ts'
import { GossipState } from '../../../src/protocol/gossip-state.ts'
import type { Effect, GossipConfig } from '../../../src/protocol/messages.ts'
import { HostMap } from '../../../src/transport/hosts.ts'
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

const messageOf = (from: PeerAddress, frontier: DigestEntry[] = []): GossipMessage => ({
  ...from,
  frontier,
  load: { queueDepth: 0 },
  capabilities: {},
  timestamp: stamp,
})

const infoOf = (peer: PeerAddress): PeerInfo => ({ ...peer, age: 0, lastSeen: stamp })
const entry = (n: number): DigestEntry => ({
  cid: cid(n),
  metric: 'val_bpb',
  value: n,
  direction: 'minimize',
})

const addresses = (gossip: GossipState) => gossip.peers().map(({ address }) => address)
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
