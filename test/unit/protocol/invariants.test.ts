import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { InvariantError } from '../../../src/core/invariant.ts'
import type { LocalEntry } from '../../../src/core/ranking/frontier.ts'
import type { DigestEntry, DigestNote, PeerInfo } from '../../../src/core/wire/gossip.ts'
import { FederatedFrontier } from '../../../src/protocol/gossip/federated-frontier.ts'
import { FederatedItems } from '../../../src/protocol/gossip/federated-items.ts'
import { shortId } from '../../../src/protocol/gossip/pending-requests.ts'
import { GossipState } from '../../../src/protocol/gossip-state.ts'
import { newPeer } from '../../../src/protocol/membership/liveness.ts'
import { PeerTable } from '../../../src/protocol/membership/peer-table.ts'
import type { Input } from '../../../src/protocol/messages.ts'
import { cid, INTERVAL_MS, peer, START, seeded } from './network.ts'

const stamp = new Date(START).toISOString()
const direction = fc.constantFrom('minimize' as const, 'maximize' as const)
const cids = fc.integer({ min: 0, max: 60 }).map(cid)
/** Ids and addresses of a few peers, sometimes mixed up, and never this grove's own. */
const peers = fc
  .tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 0, max: 9 }))
  .map(([n, elsewhere]) => ({
    ...peer(n),
    ...(elsewhere === 0 && { address: peer(n + 1).address }),
  }))

const entry: fc.Arbitrary<DigestEntry> = fc.record(
  {
    cid: cids,
    metric: fc.constantFrom('a', 'b', '_adoption', '_recency', '_unknown'),
    value: fc.double(),
    direction,
    tags: fc.array(fc.string(), { maxLength: 2 }),
  },
  { requiredKeys: ['cid', 'metric', 'value'] },
)
const local: fc.Arbitrary<LocalEntry> = fc.record({
  cid: cids,
  metric: fc.constantFrom('a', 'b', '_adoption'),
  value: fc.integer(),
  direction,
  tags: fc.constant([]),
})
const shortIds = fc.array(cids.map(shortId), { maxLength: 10 })
const note: fc.Arbitrary<DigestNote> = fc.record(
  {
    fingerprint: fc.constantFrom('f1', 'f2', 'f3'),
    seen: fc.constantFrom('f1', 'f2'),
    ihave: shortIds,
    iwant: shortIds,
  },
  { requiredKeys: ['fingerprint'] },
)
const message = fc.record(
  { from: peers, frontier: fc.array(entry, { maxLength: 20 }), digest: note },
  { requiredKeys: ['from', 'frontier'] },
)
const messageOf = ({
  from,
  ...rest
}: typeof message extends fc.Arbitrary<infer M> ? M : never) => ({
  ...from,
  ...rest,
  load: { queueDepth: 0 },
  capabilities: {},
  timestamp: stamp,
})
const infos: fc.Arbitrary<PeerInfo[]> = fc.array(
  fc.record({ at: peers, age: fc.nat() }).map(({ at, age }) => ({ ...at, age, lastSeen: stamp })),
  { maxLength: 10 },
)

const input: fc.Arbitrary<Input> = fc.oneof(
  fc.constant({ type: 'tick' as const }),
  fc.array(local, { maxLength: 12 }).map((entries) => ({ type: 'frontier' as const, entries })),
  message.map((one) => ({ type: 'exchange-received' as const, message: messageOf(one) })),
  fc.tuple(peers, message).map(([at, one]) => ({
    type: 'exchange-answered' as const,
    peer: at,
    message: messageOf(one),
  })),
  fc.tuple(peers, infos).map(([at, offered]) => ({
    type: 'shuffle-received' as const,
    request: { sender: { ...at, age: 0, lastSeen: stamp }, offered },
  })),
  fc.tuple(peers, infos).map(([at, offered]) => ({
    type: 'shuffle-answered' as const,
    peer: at,
    response: { offered },
  })),
  peers.map((at) => ({ type: 'contact-failed' as const, peer: at })),
  peers.map((at) => ({ type: 'contact-made' as const, peer: at })),
  fc.array(cids, { maxLength: 3 }).map((held) => ({ type: 'held' as const, cids: held })),
  fc.record({
    type: fc.constant('advertisement-contradicted' as const),
    peerId: peers.map(({ peerId }) => peerId),
    cid: cids,
    unauthenticated: fc.boolean(),
  }),
  peers.map((at) => ({ type: 'seed-added' as const, peer: at })),
)
/** The ms that pass before an input. The clock may be set back. */
const passing = fc.constantFrom(0, 0, 50, 450, 5_000, INTERVAL_MS, 20 * INTERVAL_MS, -90_000)

test('the invariants hold whatever arrives, in whatever order', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(passing, input), { minLength: 50, maxLength: 250, size: 'max' }),
      (inputs) => {
        const config = {
          self: peer(0),
          seeds: [peer(1), peer(2)],
          capabilities: {},
          gossipIntervalMs: INTERVAL_MS,
        }
        const gossip = new GossipState(config, seeded(1))
        let now = START
        for (const [ms, one] of inputs) {
          now += ms
          gossip.step(one, now)
          gossip.checkInvariants()
        }
      },
    ),
    { numRuns: 60, seed: 7 },
  )
})

test('the federated frontier keeps its bounds while advertisements come and go', () => {
  const step = fc.oneof(
    fc.record({
      peer: peers,
      entries: fc.array(entry, { maxLength: 30 }),
      unauthenticated: fc.boolean(),
    }),
    fc.record({ before: fc.integer({ min: 0, max: 40 }) }),
    fc.record({ retract: peers, of: cids }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const federated = new FederatedFrontier()
      for (const [index, one] of steps.entries()) {
        if ('before' in one) federated.expire(START + index - one.before)
        else if ('of' in one) federated.retract(one.retract.peerId, one.of)
        else {
          const { peer: from, entries, unauthenticated } = one
          const arrival = { now: START + index, heldDirection: () => undefined }
          federated.merge({ from, entries, unauthenticated }, arrival)
        }
        federated.checkInvariants()
      }
    }),
    { numRuns: 60, seed: 8 },
  )
})

test('the checks notice broken invariants', () => {
  const place = { cid: cid(1), metric: 'a', direction: 'minimize', value: 1 } as const
  const items = new FederatedItems()
  items.enter(place, START)
  assert.throws(() => items.checkInvariants(), InvariantError, 'an item without advertisements')

  const table = new PeerTable(peer(0))
  table.add(newPeer(peer(1), START))
  assert.throws(() => table.add(newPeer(peer(1), START)), InvariantError, 'a peer added twice')
  const twin = table.add(newPeer(peer(2), START))
  twin.address = peer(1).address
  assert.throws(() => table.checkInvariants(), InvariantError, 'two ids at one address')
})
