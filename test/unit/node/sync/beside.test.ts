import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HttpAnswer, HttpRequest } from '../../../../sim/network/http.ts'
import type { Cid } from '../../../../src/core/cid.ts'
import type { Contribution } from '../../../../src/core/contribution/contribution.ts'
import { type TestPeer, work } from '../../../support/peer.ts'
import { hold, type TestNode } from '../../../support/test-node.ts'
import { virtualWorld } from '../../../support/world.ts'

const { startPeer, testNode, timeline, until } = virtualWorld()

const works = (count: number, name: string, first: number): Contribution[] =>
  Array.from({ length: count }, (_, n) =>
    work(`${name} ${n}`, { scores: { loss: { value: first + n / 100, direction: 'minimize' } } }),
  )
const bestOf = (items: readonly Contribution[]) => ({
  loss: {
    dimension: 'loss',
    direction: 'minimize',
    entries: items.map(({ cid, manifest }) => ({
      cid,
      value: manifest.scores?.['loss']?.value,
      kind: 'work',
      tags: [],
      manifestBytes: 300,
      artifactBytes: 0,
    })),
  },
})
const cidsOf = (items: readonly Contribution[]): Cid[] => items.map(({ cid }) => cid)
const holdsAll = async ({ node }: TestNode, items: readonly Contribution[]) =>
  (await node.contributions.missing(cidsOf(items))).length === 0

/** Answers requests that contain a text only when the test has ended. */
const silentAt =
  (...texts: readonly string[]) =>
  ({ path }: HttpRequest): Promise<HttpAnswer> | undefined =>
    texts.some((text) => path.includes(text)) ? new Promise(() => {}) : undefined
const MANIFESTS = '/api/gossip/contribution/'
const [slowWorks, honestWorks] = [works(10, 'slow', 0), works(10, 'honest', 0.5)]
const isAsked = ({ requests }: TestPeer) => requests.length > 0

test('what a peer offers is asked of it, though it said lately that it had not got it', async () => {
  const offered = works(1, 'offered', 0)
  await using peer = startPeer('peer', { contributions: offered, best: bestOf(offered) })
  await using grove = testNode([peer])
  for (const cid of cidsOf(offered)) grove.node.peers.absences.add(peer.address, cid)

  const { fetched } = await grove.node.sync.round()

  assert.deepEqual(fetched, cidsOf(offered))
})

test('in a round nothing of one host waits for what another sends slowly', async () => {
  await using slow = startPeer('slow', {
    best: bestOf(slowWorks),
    misbehave: silentAt(MANIFESTS),
  })
  await using honest = startPeer('honest', {
    contributions: honestWorks,
    best: bestOf(honestWorks),
  })
  await using grove = testNode([slow, honest])
  const begunAt = timeline.now

  const round = grove.node.sync.round()
  await until('all works of the honest peer', () => holdsAll(grove, honestWorks))

  assert.ok(timeline.now - begunAt < 2_000, `${timeline.now - begunAt} ms`)
  await round
})

test('what one peer offers is fetched though another never says what it offers', async () => {
  await using silent = startPeer('silent', { misbehave: silentAt('/') })
  await using honest = startPeer('honest', {
    contributions: honestWorks,
    best: bestOf(honestWorks),
  })
  await using grove = testNode([silent, honest])
  const begunAt = timeline.now

  const round = grove.node.sync.round()
  await until('all works of the honest peer', () => holdsAll(grove, honestWorks))

  assert.ok(timeline.now - begunAt < 7_000, `${timeline.now - begunAt} ms`)
  await round
})

test('while a round waits for one host, the next asks others for what is said of works', async () => {
  const [held] = honestWorks
  assert.ok(held)
  const reply = work('a reply', {
    kind: 'discussion',
    mode: 'exploration',
    relations: [{ targetCid: held.cid, relationType: 'responds_to' }],
  })
  await using slow = startPeer('slow', {
    best: bestOf(slowWorks),
    misbehave: silentAt(MANIFESTS),
  })
  await using honest = startPeer('honest', { contributions: [held, reply] })
  await using grove = testNode([slow, honest])
  const { sync } = grove.node
  const first = sync.nextRound()
  await until('the fetch', () => slow.asked(MANIFESTS) > 0)
  await hold(grove, held)

  await sync.nextRound()

  assert.ok(await holdsAll(grove, [reply]))
  assert.equal(sync.lastReport?.peers, 2)
  const reasons = Object.groupBy(sync.lastReport?.skipped ?? [], ({ reason }) => reason)
  assert.deepEqual(Object.keys(reasons).sort(), ['host-busy', 'under-way'])
  const manifestsAsked = slow.requests.filter((line) => line.includes(MANIFESTS))
  assert.equal(new Set(manifestsAsked).size, manifestsAsked.length)
  await first
})

test('a peer that is still being asked is not asked anew, and rounds under way are few', async () => {
  await using started = new AsyncDisposableStack()
  const silent = Array.from({ length: 30 }, (_, n) =>
    started.use(startPeer(`silent-${n}`, { misbehave: silentAt('/') })),
  )
  await using grove = testNode(silent, { reachable: true })

  const rounds: Promise<void>[] = []
  for (let n = 0; n < 10; n += 1) {
    rounds.push(grove.node.sync.nextRound())
    await timeline.delay(100)
  }

  assert.equal(silent.filter(isAsked).length, 8 * 3)
  assert.ok(silent.every(({ requests }) => requests.length <= 1))
  await Promise.all(rounds)
})
