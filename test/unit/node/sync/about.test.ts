import assert from 'node:assert/strict'
import { test } from 'node:test'
import { absentAnswer } from '../../../../sim/network/http.ts'
import { type Cid, hashBytes } from '../../../../src/core/cid.ts'
import type { Contribution } from '../../../../src/core/contribution/contribution.ts'
import type { Draft, Relation } from '../../../../src/core/contribution/schema.ts'
import { defaultPolicy } from '../../../../src/core/policy.ts'
import { silentLog } from '../../../../src/ports/log.ts'
import { someBytes, work } from '../../../support/peer.ts'
import { hold } from '../../../support/test-node.ts'
import { virtualWorld } from '../../../support/world.ts'

const { startPeer, testNode } = virtualWorld()

const reply = (summary: string, targetCid: Cid, more: Partial<Draft> = {}) =>
  work(summary, {
    kind: 'discussion',
    mode: 'exploration',
    relations: [{ targetCid, relationType: 'responds_to' }],
    ...more,
  })
const held = work('held by both')
/** A conversation in a line below what is held by both. */
const line = (length: number): Contribution[] => {
  const replies: Contribution[] = []
  for (let n = 0; n < length; n++)
    replies.push(reply(`reply ${n}`, replies.at(-1)?.cid ?? held.cid))
  return replies
}
const isHere = async (grove: ReturnType<typeof testNode>, items: readonly Contribution[]) =>
  (await grove.node.contributions.missing(items.map(({ cid }) => cid))).length === 0

test('what others said of something held here comes along, whatever the policy wants', async () => {
  const about = [
    reply('an answer', held.cid, { kind: 'plan' }),
    work('failed', {
      kind: 'reproduction',
      relations: [{ targetCid: held.cid, relationType: 'reproduces' }],
    }),
    ...line(5),
  ]
  const elsewhere = work('about nothing here', { kind: 'plan' })
  await using peer = startPeer('peer', { contributions: [held, ...about, elsewhere] })
  const policy = { ...defaultPolicy, kinds: ['work' as const] }
  await using grove = testNode([peer], { policy })
  await hold(grove, held)

  const report = await grove.node.sync.round()

  assert.equal(await isHere(grove, about), true)
  assert.equal(report.evidence, about.length)
  assert.equal(await isHere(grove, [elsewhere]), false)
})

test('where nothing is new, a round asks a peer once about all that is held', async () => {
  await using peer = startPeer('peer', { contributions: [held, ...line(3)] })
  await using grove = testNode([peer])
  await hold(grove, held)
  await grove.node.sync.round()
  const before = peer.requests.length

  await grove.node.sync.round()

  const asked = peer.requests.slice(before).filter((line) => /about|closure/.test(line))
  assert.deepEqual(asked, ['POST /api/federation/about'])
})

test('a long log is gone through, a part in each round, and then from the start', async () => {
  const old = Array.from({ length: 700 }, (_, n) => work(`old ${n}`))
  const [oldest] = old
  const first = reply('to the oldest', oldest!.cid)
  await using peer = startPeer('peer', { contributions: [...old, first] })
  await using grove = testNode([peer])
  for (const item of old) {
    const provenance = { origin: 'peer' as const, receivedAt: 0 }
    await grove.node.contributions.put(item, provenance)
  }

  const found: boolean[] = []
  for (let round = 0; round < 3; round++) {
    await grove.node.sync.round()
    found.push(await isHere(grove, [first]))
  }

  assert.deepEqual(found, [false, false, true])
})

test('a reply to what this grove published comes in the next round, however old that is', async () => {
  const more = Array.from({ length: 700 }, (_, n) => work(`more ${n}`))
  const late = reply('late', held.cid)
  await using peer = startPeer('peer', { contributions: [held, late] })
  await using grove = testNode([])
  await hold(grove, held)
  await grove.node.sync.round({ peers: [peer] })
  for (const item of more)
    await grove.node.contributions.put(item, { origin: 'peer', receivedAt: 0 })
  const later = reply('later', held.cid)
  await using other = startPeer('other', { contributions: [held, late, later] })

  await grove.node.sync.round({ peers: [other] })

  assert.equal(await isHere(grove, [later]), true)
})

test('one author brings a bounded number of replies to one contribution', async () => {
  const flood = Array.from({ length: 150 }, (_, n) => reply(`flood ${n}`, held.cid))
  const other = reply('of another', held.cid, { agent: { agentId: 'another' } })
  await using peer = startPeer('peer', { contributions: [held, ...flood, other] })
  await using grove = testNode([peer])
  await hold(grove, held)

  const { evidence } = await grove.node.sync.round()

  assert.equal(evidence, 101)
  assert.equal(await isHere(grove, [other]), true)
})

test('what one author has too much of for one round comes in the next ones', async () => {
  const many = Array.from({ length: 250 }, (_, n) => reply(`reply ${n}`, held.cid))
  await using peer = startPeer('peer', { contributions: [held, ...many] })
  await using grove = testNode([peer])
  await hold(grove, held)

  for (let round = 0; round < 3; round++) await grove.node.sync.round()

  assert.equal(await isHere(grove, many), true)
})

test('of more evidence than one answer has, a challenge comes first and the rest by pages', async () => {
  const says = (n: number, relation: Partial<Relation> = {}) =>
    work(`says ${n}`, {
      agent: { agentId: `agent ${n}` },
      relations: [{ targetCid: held.cid, relationType: 'adopts', ...relation }],
    })
  const adoptions = Array.from({ length: 1_200 }, (_, n) => says(n))
  const metadata = { result: 'challenged' }
  const challenge = says(-1, { relationType: 'reproduces', metadata })
  await using peer = startPeer('peer', { contributions: [held, ...adoptions, challenge] })
  await using grove = testNode([peer])
  await hold(grove, held)

  await grove.node.sync.round()
  const isChallenged = await isHere(grove, [challenge])
  for (let round = 0; round < 3; round++) await grove.node.sync.round()
  const before = peer.asked('closure')
  await grove.node.sync.round()

  assert.equal(isChallenged, true)
  assert.equal(await isHere(grove, adoptions), true)
  assert.equal(peer.asked('closure'), before)
})

test('a peer that does not know the question is asked once, and is not at fault', async () => {
  await using peer = startPeer('peer', {
    contributions: [held],
    misbehave: ({ path }) => (path === '/api/federation/about' ? absentAnswer() : undefined),
  })
  await using grove = testNode([peer])
  await hold(grove, held)

  await grove.node.sync.round()
  const report = await grove.node.sync.round()

  assert.equal(peer.asked('/api/federation/about'), 1)
  assert.equal(report.evidence, 0)
  assert.equal(grove.node.peers.record(peer.address).failures, 0)
})

test('what is refused is counted by reason, also when it is held without its artifacts', async () => {
  const bytes = someBytes(5_000, 3)
  const heavy = work('heavy', {
    scores: { loss: { value: 0.5, direction: 'minimize' } },
    artifacts: { 'big.bin': hashBytes(bytes) },
  })
  const entry = {
    cid: heavy.cid,
    value: 0.5,
    kind: 'work',
    tags: [],
    manifestBytes: 300,
    artifactBytes: 5_000,
  }
  await using peer = startPeer('peer', {
    contributions: [heavy],
    blobs: [bytes],
    best: { loss: { dimension: 'loss', direction: 'minimize', entries: [entry] } },
  })
  const logged: unknown[] = []
  const info = (_: string, fields: object = {}) => {
    if ('refused' in fields) logged.push(fields.refused)
  }
  await using grove = testNode([peer], {
    policy: { ...defaultPolicy, maxArtifactBytes: 4_000 },
    ports: { log: { ...silentLog, info } },
  })

  const { brought } = await grove.node.sync.round()
  const { skipped, refused } = await grove.node.sync.round()

  assert.deepEqual(
    brought?.map(({ sizeBytes }) => sizeBytes),
    [0],
  )
  assert.deepEqual([skipped, refused], [[], { 'too-large': 1 }])
  assert.deepEqual(grove.node.sync.refusalCounts(), { 'too-large': 1 })
  assert.deepEqual(logged, [{ 'too-large': 1 }])
})
