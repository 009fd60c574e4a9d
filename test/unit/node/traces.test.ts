import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { bytesAnswer } from '../../../sim/network/http.ts'
import { hashBytes } from '../../../src/core/cid.ts'
import type { Contribution } from '../../../src/core/contribution/contribution.ts'
import { defaultPolicy } from '../../../src/core/policy.ts'
import type { GroveEvent } from '../../../src/core/wire/events.ts'
import { admit } from '../../../src/node/admit.ts'
import { fetchRemoteContribution } from '../../../src/node/fetch/fetch.ts'
import type { GroveNode } from '../../../src/node/node.ts'
import { matchesGolden } from '../../support/golden.ts'
import { someBytes, type TestPeer, work } from '../../support/peer.ts'
import { virtualWorld, type World } from '../../support/world.ts'

/** Traces: the calls to peers and their outcomes, in order. `matchesGolden` rewrites them. */
const folder = join(import.meta.dirname, 'traces')

/** An event in words; undefined for one that readers need not see. */
function wordsOf(event: GroveEvent): string | undefined {
  switch (event.type) {
    case 'contribution':
      return `stores ${event.cid}${event.source.local ? '' : `, from ${event.source.peerId}`}`
    case 'transfer':
      return event.done ? `completes ${event.hash}, the last bytes from ${event.peerId}` : undefined
    case 'peer-fault':
      return `blames ${event.peerId}: ${event.message}`
    case 'fetch-failed':
      return `gives up on ${event.cid}: ${event.message}`
    case 'sync': {
      const { fetched, skipped, failed } = event.report
      const why = ({ cid, reason }: { cid: string; reason: string }) => `${cid} (${reason})`
      const parts = [
        ['fetched', fetched],
        ['skipped', skipped.map(why)],
        ['failed', failed.map(why)],
      ]
      const words = parts.map(([what, items]) => `${what} ${listed(items as string[])}`)
      return `ends the round: ${words.join('; ')}`
    }
    default:
      return undefined
  }
}

const listed = (items: readonly string[]) => (items.length === 0 ? 'nothing' : items.join(', '))

/** Notes a grove's events in the world's journal. */
function narrate({ journal }: World, node: GroveNode): void {
  void (async () => {
    for await (const event of node.events.subscribe(node.closing)) {
      const text = wordsOf(event)
      if (text !== undefined) journal.note(node.config.self.peerId, text)
    }
  })()
}

/** The journal without its times, and without the numbers of unique names. */
function traceOf({ journal }: World, title: string): string {
  const lines = journal.lines.map((line) =>
    line.replace(/^\S+ +/, '').replaceAll(/\b([a-z]+)-1\b/g, '$1'),
  )
  return `${[title, '', ...lines].join('\n')}\n`
}

/** Notes a grove's opinion of a peer at the end. */
function opinion({ journal }: World, node: GroveNode, peer: TestPeer): void {
  const { bytesGood, bytesBad, failures, trust } = node.peers.record(peer.address)
  const what = `${bytesGood} good bytes, ${bytesBad} bad, failures ${failures}`
  journal.note('self', `trusts ${peer.peerId} ${trust.toFixed(2)}: ${what}`)
}

test('a fetch with a liar among the providers', async () => {
  const world = virtualWorld()
  const bytes = someBytes(3_000, 1)
  const parent = work('parent')
  const item = work('item', {
    artifacts: { 'model.bin': hashBytes(bytes) },
    relations: [{ targetCid: parent.cid, relationType: 'derives_from' }],
  })
  for (const [cid, kind] of [
    [item.cid, 'item'],
    [parent.cid, 'parent'],
    [hashBytes(bytes), 'model'],
  ] as const)
    world.journal.name(cid, kind)
  await using liar = world.startPeer('liar', {
    contributions: [parent, item],
    blobs: [bytes],
    misbehave: ({ method, path }) =>
      method === 'GET' && path.startsWith('/api/blobs/')
        ? bytesAnswer(someBytes(3_000, 2))
        : undefined,
  })
  await using honest = world.startPeer('honest', { contributions: [parent, item], blobs: [bytes] })
  await using grove = world.testNode([liar, honest])
  narrate(world, grove.node)

  await fetchRemoteContribution(grove.node, item.cid)

  for (const peer of [liar, honest]) opinion(world, grove.node, peer)
  matchesGolden(
    join(folder, 'fetch-with-a-liar.txt'),
    traceOf(world, 'A fetch, with a liar among the providers'),
  )
})

test('a round of sync with two peers', async () => {
  const world = virtualWorld()
  const bytes = someBytes(500, 3)
  const scored = (summary: string, value: number, more: object = {}) =>
    work(summary, { scores: { loss: { value, direction: 'minimize' } }, ...more })
  const [good, better, best] = [
    scored('good', 0.3),
    scored('better', 0.2),
    scored('best', 0.1, { artifacts: { 'best.bin': hashBytes(bytes) } }),
  ]
  const known = work('known')
  const review = work('review', {
    kind: 'review',
    relations: [{ targetCid: known.cid, relationType: 'reviews' }],
  })
  const gone = scored('gone', 0.05)
  for (const [kind, cid] of Object.entries({
    good: good.cid,
    better: better.cid,
    best: best.cid,
    known: known.cid,
    review: review.cid,
    gone: gone.cid,
    artifact: hashBytes(bytes),
  }))
    world.journal.name(cid, kind)
  const entry = ({ cid, manifest }: Contribution, evidence?: string) => ({
    cid,
    value: manifest.scores?.['loss']?.value ?? 1,
    kind: manifest.kind,
    tags: [],
    manifestBytes: 300,
    artifactBytes: 0,
    evidence,
  })
  const list = (dimension: string, direction: string, ...entries: object[]) => ({
    [dimension]: { dimension, direction, entries },
  })
  await using first = world.startPeer('first', {
    contributions: [good, better],
    best: list('loss', 'minimize', entry(gone), entry(better), entry(good)),
  })
  await using second = world.startPeer('second', {
    contributions: [best, better, known, review],
    blobs: [bytes],
    best: {
      ...list('loss', 'minimize', entry(best), entry(better)),
      ...list('_review_score', 'maximize', entry(known, 'of the review')),
    },
  })
  await using grove = world.testNode([first, second], { policy: { ...defaultPolicy, topK: 2 } })
  await admit(grove.node, {
    contribution: known,
    provenance: { origin: 'local', receivedAt: grove.node.clock.now() },
  })
  narrate(world, grove.node)

  await grove.node.sync.round()
  // The narrator reads the round's last event when the round has ended.
  await turn()

  for (const peer of [first, second]) opinion(world, grove.node, peer)
  matchesGolden(
    join(folder, 'sync-with-two-peers.txt'),
    traceOf(world, 'A round of background sync with two peers; two of each dimension are wanted'),
  )
})
