import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PeerAddress } from '../../../src/core/peers/peer.ts'
import type { LocalEntry } from '../../../src/core/ranking/frontier.ts'
import {
  type DigestEntry,
  type GossipMessage,
  gossipMessageSchema,
} from '../../../src/core/wire/gossip.ts'
import { fingerprintOf } from '../../../src/protocol/gossip/digest-cache.ts'
import { PendingRequests, shortId } from '../../../src/protocol/gossip/pending-requests.ts'
import { GossipState } from '../../../src/protocol/gossip-state.ts'
import type { Effect } from '../../../src/protocol/messages.ts'
import { RoundQuota } from '../../../src/protocol/round-quota.ts'
import { cid, INTERVAL_MS, peer, START, seeded, work } from './network.ts'

const ROUND = INTERVAL_MS
const SETTLED = START + 20 * ROUND

function stateOf(
  n: number,
  entries: readonly LocalEntry[] = [],
  seeds: readonly PeerAddress[] = [],
): GossipState {
  const capabilities = { federation: 2, blobs: 1 }
  const gossip = new GossipState(
    { self: peer(n), seeds, capabilities, gossipIntervalMs: INTERVAL_MS },
    seeded(n),
  )
  gossip.step({ type: 'frontier', entries }, START)
  return gossip
}

const isExchange = (effect: Effect) => effect.type === 'send-exchange'
const sent = (effects: readonly Effect[]) => effects.filter(isExchange)
const ihave = (effects: readonly Effect[]) =>
  effects.flatMap((effect) =>
    effect.type === 'discovered' ? effect.entries.map((entry) => entry.cid) : [],
  )

/** Sends a message through JSON and the schema, as over the wire. */
const wire = (message: GossipMessage): GossipMessage =>
  gossipMessageSchema.parse(JSON.parse(JSON.stringify(message)))

interface Talk {
  readonly request: GossipMessage
  readonly answer: GossipMessage
  /** The effects of the answer at the sender, and of the request at the receiver. */
  readonly then: Effect[]
  readonly there: Effect[]
}

/** Sends a message from one grove to another, and the answer back. */
function say(
  from: GossipState,
  to: GossipState,
  [toPeer, message]: [PeerAddress, GossipMessage],
  now: number,
): Talk {
  const request = wire(message)
  const there = to.step({ type: 'exchange-received', message: request }, now)
  const reply = there.find((effect) => effect.type === 'reply-exchange')
  const answer = wire(reply!.message)
  const then = from.step({ type: 'exchange-answered', peer: toPeer, message: answer }, now)
  return { request, answer, then, there }
}

/** The periodic exchange of a grove that knows only the other. */
function round(from: GossipState, to: GossipState, now: number): Talk {
  const [exchange] = sent(from.step({ type: 'tick' }, now))
  return say(from, to, [exchange!.peer, exchange!.message], now)
}

const items = Array.from({ length: 40 }, (_, n) => work(n, n + 1))
const [first, second] = [items.slice(0, 20), items.slice(20)]
const bytes = (message: GossipMessage) => Buffer.byteLength(JSON.stringify(message))

test('a fingerprint depends on the entries and their order', () => {
  const entry = (n: number): DigestEntry => ({
    cid: cid(n),
    metric: 'm',
    value: n,
    direction: 'minimize',
  })

  assert.equal(
    fingerprintOf([entry(1), entry(2)]),
    fingerprintOf([{ ...entry(1) }, { ...entry(2) }]),
  )
  assert.notEqual(fingerprintOf([entry(1), entry(2)]), fingerprintOf([entry(2), entry(1)]))
  assert.notEqual(fingerprintOf([entry(1)]), fingerprintOf([{ ...entry(1), value: 2 }]))
  assert.notEqual(fingerprintOf([entry(1)]), fingerprintOf([{ ...entry(1), tags: ['t'] }]))
})

test('digests go in full once, and then by fingerprint, in under 300 bytes each way', () => {
  const [a, b] = [stateOf(1, first, [peer(2)]), stateOf(2, second)]

  const once = round(a, b, START)

  assert.equal(once.request.frontier.length, 20)
  assert.equal(once.answer.frontier.length, 20)
  for (let n = 2; n <= 40; n += 2) {
    const { request, answer, then, there } = round(a, b, START + n * ROUND)
    assert.deepEqual(
      [request.frontier, answer.frontier, sent(then), ihave(then), ihave(there)],
      [[], [], [], [], []],
    )
    assert.ok(
      bytes(request) <= 300 && bytes(answer) <= 300,
      `${bytes(request)} there, ${bytes(answer)} back`,
    )
  }
  assert.equal(a.federated(START + 40 * ROUND).length, 20)
  assert.equal(b.federated(START + 40 * ROUND).length, 20)
})

test('a changed digest goes in full again to peers that know the old one', () => {
  const [a, b] = [stateOf(1, first, [peer(2)]), stateOf(2, second)]
  round(a, b, START)
  a.step({ type: 'frontier', entries: [work(99, 0.1), ...first] }, START + ROUND / 2)
  a.step({ type: 'tick' }, START + ROUND / 2 + 100)

  const { request, answer, there } = round(a, b, START + 2 * ROUND)

  assert.equal(request.frontier.length, 21)
  assert.deepEqual(answer.frontier, [])
  assert.deepEqual(ihave(there), [cid(99)])
})

test('a peer that has forgotten a digest is sent it at once', () => {
  const [a, b] = [stateOf(1, first, [peer(2)]), stateOf(2, second)]
  round(a, b, START)
  const restarted = stateOf(2, second)

  const { request, then } = round(a, restarted, SETTLED)
  const [again] = sent(then)
  const { there } = say(a, restarted, [again!.peer, again!.message], SETTLED)

  assert.deepEqual(request.frontier, [])
  assert.equal(ihave(there).length, 20)
  assert.equal(restarted.federated(SETTLED).length, 20)
})

test('strangers with the same digest exchange fingerprints', () => {
  const [a, b] = [stateOf(1, first, [peer(2)]), stateOf(2, first)]
  round(a, b, START)
  const stranger = stateOf(3, first, [peer(1)])
  round(stranger, a, SETTLED)
  stranger.step({ type: 'seed-added', peer: peer(4) }, SETTLED)

  const messages = sent(stranger.step({ type: 'tick' }, SETTLED + 2 * ROUND)).filter(
    (effect) => effect.peer.peerId === 'p4',
  )

  assert.deepEqual(
    messages.map(({ message }) => message.frontier),
    [[]],
  )
  assert.ok(a.providersOf(first[0]!.cid).some(({ peerId }) => peerId === 'p3'))
})

test('unknown and wrong fingerprints advertise nothing', () => {
  const [victim, other] = [stateOf(1, first), stateOf(3, second, [peer(1)])]
  const { request } = round(other, victim, START)
  const fresh = stateOf(4)
  const forged = { ...request, frontier: request.frontier.slice(0, 1) }

  const empty = fresh.step(
    { type: 'exchange-received', message: { ...request, frontier: [] } },
    START,
  )
  fresh.step({ type: 'exchange-received', message: forged }, START)
  const after = fresh.step(
    { type: 'exchange-received', message: { ...request, frontier: [] } },
    START,
  )

  assert.deepEqual([ihave(empty), ihave(after)], [[], []])
  const [reply] = after.filter((effect) => effect.type === 'reply-exchange')
  assert.equal(reply?.message.digest?.seen, undefined)
  assert.equal(fresh.federated(START).length, 1)
})

test('a 0.1 peer gets the full digest, and answers in its own fields', () => {
  const a = stateOf(1, first, [peer(2)])
  const { digest: _none, ...old } = wire(
    sent(stateOf(2, [], [peer(9)]).step({ type: 'tick' }, START))[0]!.message,
  )

  for (const now of [START, SETTLED, SETTLED + 2 * ROUND]) {
    const [exchange] = sent(a.step({ type: 'tick' }, now))
    assert.equal(exchange?.message.frontier.length, 20)
    a.step({ type: 'exchange-answered', peer: exchange!.peer, message: old }, now)
  }
  const [reply] = a.step({ type: 'exchange-received', message: old }, SETTLED)

  assert.ok(reply?.type === 'reply-exchange')
  assert.equal(reply.message.frontier.length, 20)
  assert.equal(reply.message.digest, undefined)
})

test('a relayed item is announced by short id, and requested of one offerer', () => {
  const item = work(99, 0.1)
  const advertisement = {
    cid: item.cid,
    metric: item.metric,
    value: item.value,
    direction: item.direction,
  }
  const [a, b, c] = [stateOf(1, first, [peer(2)]), stateOf(2, first), stateOf(3, first, [peer(2)])]
  b.step({ type: 'tick' }, START)
  for (const relay of [a, c]) {
    round(relay, b, START)
    const said = {
      ...wire(sent(stateOf(8, [], [peer(1)]).step({ type: 'tick' }, START))[0]!.message),
      frontier: [advertisement],
    }
    relay.step({ type: 'exchange-received', message: said }, START)
    relay.step({ type: 'frontier', entries: [item, ...first] }, START + 10)
  }

  const pushes = [a, c].map(
    (relay) =>
      sent(relay.step({ type: 'tick' }, START + 10)).find(
        ({ peer: { peerId } }) => peerId === 'p2',
      )!,
  )
  const [fromA, fromC] = [
    say(a, b, [pushes[0]!.peer, pushes[0]!.message], START + 50),
    say(c, b, [pushes[1]!.peer, pushes[1]!.message], START + 60),
  ]
  const [entries] = sent(fromA.then)
  const delivered = say(a, b, [entries!.peer, entries!.message], START + 90)

  assert.deepEqual([fromA.request.frontier, fromA.request.digest?.ihave], [[], [shortId(item.cid)]])
  assert.deepEqual(fromA.answer.digest?.iwant, [shortId(item.cid)])
  assert.equal(fromC.answer.digest?.iwant, undefined, 'another offerer has been asked')
  assert.deepEqual(fromA.answer.frontier, [], 'an announcement is not answered with a digest')
  assert.deepEqual(ihave(delivered.there), [item.cid])
  assert.equal(sent(delivered.then).length, 0)
})

test('an item that does not come is requested of another offerer, until it comes', () => {
  const item = work(99, 0.1)
  const id = shortId(item.cid)
  const asker = stateOf(1)
  asker.step({ type: 'tick' }, START)
  const digest = { fingerprint: fingerprintOf([]), ihave: [id] }
  const offer = (n: number, now: number) => {
    const [ticked] = sent(stateOf(n, [], [peer(1)]).step({ type: 'tick' }, START))
    return asker.step(
      { type: 'exchange-received', message: { ...wire(ticked!.message), frontier: [], digest } },
      now,
    )
  }
  const iwant = (effects: readonly Effect[]) =>
    effects.flatMap((effect) =>
      effect.type === 'reply-exchange' || effect.type === 'send-exchange'
        ? effect.message.digest?.iwant === undefined
          ? []
          : [effect.type === 'send-exchange' ? effect.peer.peerId : 'piggyback']
        : [],
    )

  assert.deepEqual(iwant(offer(2, START)), ['piggyback'])
  assert.deepEqual(iwant(offer(3, START + 100)), [])
  assert.deepEqual(iwant(asker.step({ type: 'tick' }, START + 399)), [])
  const again = asker.step({ type: 'tick' }, START + 400)
  assert.deepEqual(iwant(again), ['p3'])
  assert.deepEqual(iwant(asker.step({ type: 'tick' }, START + 800)), ['p2'])

  const holder = stateOf(3, [item])
  const question = sent(again).find(({ message }) => message.digest?.iwant !== undefined)
  const delivered = say(asker, holder, [question!.peer, question!.message], START + 900)
  assert.deepEqual(ihave(delivered.then), [item.cid])
  assert.deepEqual(delivered.answer.digest?.ihave, [], 'these are some entries, not the digest')
  assert.deepEqual(iwant(asker.step({ type: 'tick' }, START + 1_300)), [])
})

test('an item that never comes is given up, and is requested when it is offered anew', () => {
  const asked = new PendingRequests()
  const offerer = { ...peer(1), proven: true }
  const ids = Array.from({ length: 100 }, (_, n) => `id-${n}`)
  const more = Array.from({ length: 50 }, (_, n) => `more-${n}`)
  assert.deepEqual([asked.request(ids, offerer, 0), asked.request(more, offerer, 0)], [ids, more])

  let rounds = 0
  for (; Number.isFinite(asked.dueAt); rounds += 1) {
    const questions = asked.retry(asked.dueAt, { tryTakeRetry: () => true })
    assert.ok(questions.every((question) => question.ids.length <= 100))
  }

  assert.equal(rounds, 9)
  assert.deepEqual(asked.request(['id-1'], offerer, 10_000), ['id-1'])
  assert.deepEqual(asked.retry(10_400, { tryTakeRetry: () => false }), [])
})

test('proven offerers are asked first, and unproven ones do not keep them out', () => {
  const asked = new PendingRequests()
  for (let n = 1; n <= 10; n += 1) asked.request(['id'], { ...peer(n), proven: n === 10 }, 0)

  const called = [400, 800, 1_200].map((now) =>
    asked.retry(now, { tryTakeRetry: () => true }).map((question) => question.peer),
  )

  assert.deepEqual(called, [[peer(10)], [peer(10)], [peer(10)]])
})

test('retries in a round are bounded in total, for each address, and for unproven offerers', () => {
  const quota = new RoundQuota(INTERVAL_MS)
  const may = (n: number, proven: boolean) => quota.tryTakeRetry({ ...peer(n), proven })
  const count = (times: number, ask: (n: number) => boolean) =>
    Array.from({ length: times }, (_, n) => ask(n)).filter(Boolean).length

  assert.equal(
    count(20, () => may(1, true)),
    4,
  )
  assert.equal(
    count(20, (n) => may(100 + n, false)),
    8,
  )
  assert.equal(
    count(100, (n) => may(200 + n, true)),
    20,
  )
  quota.beginRound()
  assert.ok(may(1, true))
})

test('a suspect is called in the next round, whatever other peers are active', () => {
  const gossip = stateOf(
    0,
    [],
    Array.from({ length: 10 }, (_, n) => peer(n + 1)),
  )
  gossip.step({ type: 'tick' }, START)
  const said = wire(sent(stateOf(8, [], [peer(1)]).step({ type: 'tick' }, START))[0]!.message)
  for (let n = 1; n <= 5; n += 1)
    gossip.step(
      { type: 'exchange-answered', peer: peer(n), message: { ...said, ...peer(n) } },
      START,
    )
  gossip.step({ type: 'contact-failed', peer: peer(3) }, START)

  const called = sent(gossip.step({ type: 'tick' }, START + 2 * ROUND)).map(
    (effect) => effect.peer.peerId,
  )

  assert.ok(called.includes('p3'), called.join(' '))
})
