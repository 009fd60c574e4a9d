import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { federatedAnswerSchema } from '../../../src/core/wire/frontier.ts'
import {
  type DigestEntry,
  gossipMessageSchema,
  shuffleRequestSchema,
  shuffleResponseSchema,
} from '../../../src/core/wire/gossip.ts'
import { GossipState } from '../../../src/protocol/gossip-state.ts'
import { INTERVAL_MS, START, seeded, work } from './network.ts'

interface Recorded {
  readonly answers: readonly {
    readonly title: string
    readonly request: { body: unknown }
    readonly response: { body: unknown }
  }[]
  readonly sentToPeer: readonly { readonly path: string; readonly body: unknown }[]
}

const wire = JSON.parse(
  readFileSync(new URL('../../../spec/vectors/wire-0.1.json', import.meta.url), 'utf8'),
) as Recorded
const recorded = (title: string) => wire.answers.find((answer) => answer.title === title)!
const sent = (path: string) => wire.sentToPeer.find((message) => message.path === path)!.body

const old = { peerId: 'grove-4631', address: 'http://localhost:4631' }

function stateOf(): GossipState {
  const self = { peerId: 'third', address: 'http://127.0.0.1:4632' }
  return new GossipState(
    { self, seeds: [], capabilities: { federation: 2 }, gossipIntervalMs: INTERVAL_MS },
    seeded(1),
  )
}

test("a 0.1 server's exchange is read with its directions, and answered in its fields", () => {
  const gossip = stateOf()
  gossip.step({ type: 'frontier', entries: [work(1, 0.9)] }, START)
  const message = gossipMessageSchema.parse(sent('/api/gossip/exchange'))

  const effects = gossip.step({ type: 'exchange-received', message }, START)

  const reply = effects.find((effect) => effect.type === 'reply-exchange')
  const answer = recorded('gossip exchange, received').response.body as object
  assert.deepEqual(Object.keys(reply!.message).sort(), Object.keys(answer).sort())
  const items = gossip.federated(START)
  assert.deepEqual(
    items.map((item) => [item.metric, item.direction, item.value]),
    [
      ['_adoption', 'maximize', 1],
      ['_recency', 'maximize', 1772323200000],
      ['_recency', 'maximize', 1772323200000],
      ['_recency', 'maximize', 1772323200000],
      ['val_bpb', 'minimize', 0.95],
      ['val_bpb', 'minimize', 0.97],
    ],
  )
  assert.deepEqual(items[4]?.tags, ['lm'])
  assert.deepEqual(gossip.providersOf(items[4]!.cid), [old])
})

test("a 0.1 server's answer to an exchange is understood", () => {
  const gossip = stateOf()
  const { request, response } = recorded('gossip exchange, received')
  assert.deepEqual(gossipMessageSchema.parse(request.body), request.body)

  gossip.step(
    { type: 'exchange-answered', peer: old, message: gossipMessageSchema.parse(response.body) },
    START,
  )

  assert.equal(gossip.federated(START).length, 6)
  assert.equal(gossip.peer('grove-4631')?.status, 'alive')
})

test('entries that a 0.1 server relays without direction take the direction of the metric', () => {
  const gossip = stateOf()
  const { entries } = recorded('gossip frontier').response.body as { entries: DigestEntry[] }
  const bare = entries.filter((entry) => entry.direction === undefined)
  assert.deepEqual(
    bare.map((entry) => [entry.metric, entry.value]),
    [['val_bpb', 0.9]],
  )
  const message = (frontier: DigestEntry[]) =>
    gossipMessageSchema.parse({ ...(sent('/api/gossip/exchange') as object), frontier })

  gossip.step({ type: 'exchange-received', message: message(bare) }, START)
  assert.deepEqual(gossip.federated(START), [], 'no peer has advertised a direction')
  gossip.step({ type: 'exchange-received', message: message(entries) }, START)

  const best = gossip.federated(START).filter((item) => item.metric === 'val_bpb')
  assert.deepEqual(
    best.map((item) => [item.direction, item.value]),
    [
      ['minimize', 0.9],
      ['minimize', 0.95],
      ['minimize', 0.97],
    ],
  )
  const shown = best.map((item) => ({
    ...item,
    level: 'advertised',
    held: false,
    firstSeen: new Date(item.firstSeen).toISOString(),
    providers: [],
  }))
  assert.ok(federatedAnswerSchema.safeParse({ entries: shown }).success)
})

test('a shuffle with a 0.1 server works both ways', () => {
  const gossip = stateOf()
  const request = shuffleRequestSchema.parse(sent('/api/gossip/shuffle'))

  const effects = gossip.step({ type: 'shuffle-received', request }, START)
  assert.deepEqual(effects, [
    { type: 'reply-shuffle', response: { offered: [] } },
    { type: 'peer-status', peer: old, status: 'alive' },
  ])
  gossip.step({ type: 'contact-made', peer: old }, START)
  const [shuffle] = gossip
    .step({ type: 'tick' }, START)
    .filter((effect) => effect.type === 'send-shuffle')
  const response = shuffleResponseSchema.parse(recorded('gossip shuffle, received').response.body)
  gossip.step({ type: 'shuffle-answered', peer: shuffle!.peer, response }, START)

  const ours = shuffle!.request
  const theirs = recorded('gossip shuffle, received').request.body as { sender: object }
  assert.deepEqual(Object.keys(ours.sender).sort(), Object.keys(theirs.sender).sort())
  assert.deepEqual(ours.offered[0], ours.sender)
  assert.notEqual(gossip.peer('other-grove'), undefined)
  assert.equal(
    gossip.peer('third'),
    undefined,
    'its own entry, which the other side offers, is skipped',
  )
})
