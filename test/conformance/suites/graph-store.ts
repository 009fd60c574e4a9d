import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Cid, hashBytes } from '../../../src/core/cid.ts'
import {
  ABOUT_KINDS,
  EVIDENCE_KINDS,
  type Telling,
} from '../../../src/core/contribution/relation.ts'
import type { Draft, Relation } from '../../../src/core/contribution/schema.ts'
import { STUBS_MAX } from '../../../src/core/limits.ts'
import type { Provenance } from '../../../src/ports/contribution-store.ts'
import type { GraphStore } from '../../../src/ports/graph-store.ts'
import {
  at,
  cidsOf,
  local,
  type Opened,
  placesIn,
  putAll,
  relation,
  sample,
  sortedCids,
} from '../samples.ts'

const absent = hashBytes(new Uint8Array([1]))
/** How every GraphStore keeps contributions and evidence. `open` gives an empty store. */
export function graphStoreSuite(name: string, open: () => Promise<Opened<GraphStore>>): void {
  describe(`${name}: graph`, () => {
    keeping(open)
    linking(open)
    rooting(open)
    answering(open)
    promising(open)
  })
}

function keeping(open: () => Promise<Opened<GraphStore>>): void {
  test('a contribution is returned byte for byte, with its provenance', async () => {
    await using opened = await open()
    const contribution = sample({
      summary: 'Ünïcödé 😀',
      context: { deep: { list: [1, null, 'x'] } },
      scores: {},
    })
    const provenance = {
      origin: 'peer',
      peerId: 'p',
      address: 'http://a:1',
      host: 'a',
      receivedAt: 5,
    } as const

    const outcome = await opened.store.put(contribution, provenance)

    const found = await opened.store.get(contribution.cid)
    assert.equal(outcome, 'added')
    assert.deepEqual(Buffer.from(found?.bytes ?? []), Buffer.from(contribution.bytes))
    assert.deepEqual(found?.manifest, JSON.parse(Buffer.from(contribution.bytes).toString()))
    assert.deepEqual(found?.provenance, provenance)
    assert.equal(found?.cid, contribution.cid)
  })

  test('a second put changes nothing, and the first provenance stays', async () => {
    await using opened = await open()
    const contribution = sample()
    await opened.store.put(contribution, local(1))

    const again = await opened.store.put(contribution, {
      origin: 'peer',
      peerId: 'p',
      receivedAt: 2,
    })

    assert.equal(again, 'present')
    assert.equal(await opened.store.count(), 1)
    assert.deepEqual((await opened.store.get(contribution.cid))?.provenance, local(1))
  })

  test('concurrent puts of a contribution add it once', async () => {
    await using opened = await open()
    const contribution = sample()

    const outcomes = await Promise.all([1, 2, 3].map(() => opened.store.put(contribution, local())))

    assert.deepEqual(outcomes.sort(), ['added', 'present', 'present'])
    assert.equal(await opened.store.count(), 1)
  })

  test('a contribution that is not held is undefined, left out or missing', async () => {
    await using opened = await open()
    const [a, b] = [sample({ summary: 'a' }), sample({ summary: 'b' })]
    await putAll(opened.store, [a, b])

    assert.equal(await opened.store.get(absent), undefined)
    assert.deepEqual(cidsOf(await opened.store.getMany([b.cid, absent, a.cid])), [b.cid, a.cid])
    assert.deepEqual(await opened.store.missing([absent, a.cid]), [absent])
  })

  test('cids that are only known, by a relation or as a stub, are resolved too', async () => {
    await using opened = await open()
    const held = sample({ summary: 'held' })
    const named = sample({ summary: 'named' })
    const promised = sample({ summary: 'promised' })
    const both = [relation('derives_from', named.cid), relation('adopts', held.cid)]
    await putAll(opened.store, [held, sample({ summary: 'names', relations: both })])
    await opened.store.putStub(promised.cid, ['p'], 1)
    const known = (cid: Cid) => opened.store.resolveKnown(cid.slice(7, 17), 5)

    assert.deepEqual(await known(named.cid), [named.cid])
    assert.deepEqual(await known(promised.cid), [promised.cid])
    assert.deepEqual(await known(held.cid), [])
    assert.deepEqual(await opened.store.resolveKnown('', 5), sortedCids([named, promised]))
  })

  test('abbreviated cids are resolved in order, up to the limit', async () => {
    await using opened = await open()
    const all = Array.from({ length: 40 }, (_, index) => sample({ summary: `number ${index}` }))
    await putAll(opened.store, all)
    const first = all[0]!.cid
    const alike = sortedCids(all.filter(({ cid }) => cid.startsWith(first.slice(0, 8))))

    assert.deepEqual(await opened.store.resolve(first.slice(7, 8), 100), alike)
    assert.deepEqual(await opened.store.resolve(first.slice(7, 8), 1), alike.slice(0, 1))
    assert.deepEqual(await opened.store.resolve(first.slice(7), 2), [first])
    assert.deepEqual(await opened.store.resolve(absent.slice(7), 2), [])
    assert.deepEqual(await opened.store.resolve(first.slice(7, 16), 2), [first])
  })
}

function linking(open: () => Promise<Opened<GraphStore>>): void {
  test('edges go out in manifest order, and come in by source cid', async () => {
    await using opened = await open()
    const target = sample({ summary: 'target' })
    const sources = [1, 2, 3, 4].map((n) =>
      sample({
        summary: `${n}`,
        relations: [relation('reviews', target.cid, { n: `${n}` }), relation('adopts', absent)],
      }),
    )
    await putAll(opened.store, [...sources, target])

    const incoming = await opened.store.edges(target.cid, 'in')
    const outgoing = await opened.store.edges(sources[0]!.cid, 'out')

    assert.deepEqual(
      incoming.map((edge) => edge.source),
      sortedCids(sources),
    )
    assert.deepEqual(incoming.find((edge) => edge.source === sources[2]!.cid)?.metadata, { n: '3' })
    assert.deepEqual(outgoing, [
      { source: sources[0]!.cid, target: target.cid, type: 'reviews', metadata: { n: '1' } },
      { source: sources[0]!.cid, target: absent, type: 'adopts' },
    ])
    assert.equal((await opened.store.edges(absent, 'in', { limit: 3 })).length, 3)
    assert.deepEqual(await opened.store.edges(target.cid, 'in', { types: ['adopts'] }), [])
    assert.deepEqual(await opened.store.edges(sources[0]!.cid, 'out', { types: ['adopts'] }), [
      outgoing[1],
    ])
    assert.deepEqual(await opened.store.edges(absent, 'out'), [])
  })

  test('several relations of a source to a target are ordered by type', async () => {
    await using opened = await open()
    const source = sample({
      relations: [
        relation('reviews', absent),
        relation('adopts', absent),
        relation('reviews', absent),
      ],
    })
    await opened.store.put(source, local())

    const incoming = await opened.store.edges(absent, 'in')

    assert.deepEqual(
      incoming.map((edge) => edge.type),
      ['adopts', 'reviews'],
    )
  })

  const saysOf = (draft: Partial<Draft>, ...relations: Relation[]) =>
    sample({ ...draft, relations })
  const from = (host: string): Provenance => ({
    origin: 'peer',
    peerId: host,
    address: `http://${host}:1`,
    host,
    receivedAt: 1,
  })

  test('challenges and reviews are told first, and in each kind the hosts take turns', async () => {
    await using opened = await open()
    const say = async (provenance: Provenance, summary: string, ...relations: Relation[]) => {
      const item = saysOf({ summary }, ...relations)
      await opened.store.put(item, provenance)
      return item.cid
    }
    const adopts = relation('adopts', absent)
    const flood = []
    for (const n of [1, 2, 3]) flood.push(await say(from('9.9.9.9'), `flood ${n}`, adopts))
    const ported = { ...from('9.9.9.9'), address: 'http://9.9.9.9:2' }
    flood.push(await say(ported, 'flood of another port', adopts))
    const reply = await say(local(), 'reply', relation('responds_to', absent))
    const adoption = await say(from('8.8.8.8'), 'adoption', adopts)
    const supersedes = relation('derives_from', absent, { relationship: 'supersedes' })
    const own = await say(local(), 'own', supersedes)
    const confirmed = await say(local(), 'confirmed', relation('reproduces', absent))
    const review = await say(local(), 'review', relation('reviews', absent))
    const challenged = relation('reproduces', absent, { result: 'challenged' })
    const challenge = await say(from('9.9.9.9'), 'challenge', challenged)

    const { said, next } = await opened.store.said(absent, { kinds: ABOUT_KINDS, limit: 100 })

    const [first, ...more] = flood
    assert.deepEqual(
      said.map(({ source }) => source),
      [challenge, review, confirmed, first, adoption, own, ...more, reply],
    )
    assert.deepEqual(
      said.filter((one) => one.supersedes).map(({ source }) => source),
      [own],
    )
    assert.equal(next, undefined)
    assert.deepEqual(await opened.store.edgeCounts(absent), { evidence: 9, all: 10 })
    assert.deepEqual(await opened.store.edgeCounts(own), { evidence: 0, all: 0 })
  })

  test('what is said comes page by page, whole or since a number in the log', async () => {
    await using opened = await open()
    const all = Array.from({ length: 7 }, (_, n) =>
      saysOf({ summary: `${n}` }, relation(n % 2 === 0 ? 'adopts' : 'reviews', absent)),
    )
    await putAll(opened.store, all)
    const pagesSince = async (since: number) => {
      const found: Cid[][] = []
      let after: Telling | undefined
      do {
        const page = await opened.store.said(absent, {
          kinds: EVIDENCE_KINDS,
          after,
          since,
          limit: 3,
        })
        found.push(page.said.map(({ source }) => source))
        after = page.next
      } while (after !== undefined)
      return found.map((cids) => cids.map((cid) => all.findIndex((item) => item.cid === cid)))
    }

    assert.deepEqual(await pagesSince(0), [[1, 3, 5], [0, 2, 4], [6]])
    assert.deepEqual(await pagesSince(4), [[5, 4, 6]])
  })

  test('the contributions that say something are read on from one of them, each once', async () => {
    await using opened = await open()
    const all = [1, 2, 3].map((n) =>
      saysOf({ summary: `${n}` }, relation('reviews', absent), relation('adopts', absent)),
    )
    const reply = saysOf({ summary: 'reply' }, relation('responds_to', absent))
    await putAll(opened.store, [...all, reply])
    const [first, ...others] = sortedCids(all)
    const types = ['reviews', 'adopts'] as const

    assert.deepEqual(await opened.store.sources(absent, { types, limit: 9, after: first }), others)
    assert.deepEqual(await opened.store.sources(absent, { types, limit: 1 }), [first])
  })

  test('evidence about an absent contribution counts as soon as it arrives', async () => {
    await using opened = await open()
    const target = sample({
      summary: 'late',
      scores: { loss: { value: 1, direction: 'minimize' } },
    })
    const quality = (value: number) => ({ quality: { value, direction: 'maximize' as const } })
    await putAll(opened.store, [
      sample({
        summary: '1',
        relations: [relation('derives_from', target.cid), relation('adopts', target.cid)],
      }),
      sample({
        summary: '2',
        kind: 'review',
        scores: quality(0.2),
        relations: [relation('reviews', target.cid)],
      }),
      sample({
        summary: '3',
        kind: 'review',
        scores: quality(0.4),
        relations: [relation('reviews', target.cid)],
      }),
      sample({
        summary: '4',
        relations: [relation('reproduces', target.cid, { result: 'challenged' })],
      }),
      sample({ summary: '5', relations: [relation('reproduces', target.cid)] }),
      sample({
        summary: '6',
        kind: 'discussion',
        relations: [relation('responds_to', target.cid)],
      }),
    ])
    const before = await opened.store.frontier({ limit: 10 })

    await opened.store.put(target, local())

    const after = await opened.store.frontier({ limit: 10 })
    assert.equal(placesIn(before, '_adoption'), undefined)
    assert.deepEqual(placesIn(after, '_adoption'), [[target.cid, 1]])
    assert.deepEqual(placesIn(after, '_reproduction'), [[target.cid, 1]])
    assert.ok(Math.abs((placesIn(after, '_review_score')?.[0]?.[1] ?? 0) - 0.3) < 1e-9)
    assert.deepEqual((await opened.store.signals(target.cid)).adoption, 1)
    assert.deepEqual(cidsOf((await opened.store.threads({ limit: 5 })).map(({ root }) => root)), [
      target.cid,
    ])
  })

  test('a contribution without evidence has no signals', async () => {
    await using opened = await open()
    const alone = sample()
    await opened.store.put(alone, local())

    const none = { adoption: 0, reproduction: 0, reviewScore: undefined }
    assert.deepEqual(await opened.store.signals(alone.cid), none)
    assert.deepEqual(await opened.store.signals(absent), none)
  })

  test('the mean of the reviews that count is exact, whatever their scores and their order', async () => {
    const target = sample({ summary: 'target' })
    const up = (value: number) => ({ value, direction: 'maximize' as const })
    const reviews = [[100, 100], [1e-300], [-100, -100, 3e-300, -1.7e308]].map((values) =>
      sample({
        kind: 'review',
        scores: Object.fromEntries(values.map((value, index) => [`q${index}`, up(value)])),
        relations: [relation('reviews', target.cid)],
      }),
    )

    for (const order of [reviews, reviews.toReversed()]) {
      await using opened = await open()
      await putAll(opened.store, [target, ...order])

      assert.equal((await opened.store.signals(target.cid)).reviewScore, 4e-300 / 6)
      assert.deepEqual(placesIn(await opened.store.frontier({ limit: 5 }), '_review_score'), [
        [target.cid, 4e-300 / 6],
      ])
    }
  })

  test('threads rank by replies, then by the latest reply, then by cid', async () => {
    await using opened = await open()
    const [one, two, three, four] = [1, 2, 3, 4].map((n) =>
      sample({ summary: `root ${n}`, tags: n === 3 ? ['x', 'y'] : ['x'] }),
    )
    const reply = (to: Cid, n: number) =>
      sample({
        summary: `reply ${n}`,
        kind: 'discussion',
        createdAt: at(n),
        relations: [relation('responds_to', to)],
      })
    await putAll(opened.store, [
      one!,
      two!,
      three!,
      four!,
      reply(one!.cid, 9),
      reply(two!.cid, 1),
      reply(two!.cid, 2),
      reply(three!.cid, 9),
    ])

    const threads = await opened.store.threads({ limit: 10 })

    const tied = sortedCids([one!, three!])
    assert.deepEqual(
      threads.map(({ root, replyCount, lastReplyAt }) => [root.cid, replyCount, lastReplyAt]),
      [
        [two!.cid, 2, Date.parse(at(2))],
        [tied[0], 1, Date.parse(at(9))],
        [tied[1], 1, Date.parse(at(9))],
      ],
    )
    assert.deepEqual(cidsOf((await opened.store.threads({ limit: 1 })).map(({ root }) => root)), [
      two!.cid,
    ])
    assert.deepEqual(
      cidsOf((await opened.store.threads({ limit: 5, tags: ['x', 'y'] })).map(({ root }) => root)),
      [three!.cid],
    )
  })
}

function answering(open: () => Promise<Opened<GraphStore>>): void {
  test('discussions without replies are listed last, if they are asked for, the newest first', async () => {
    await using opened = await open()
    const talk = (summary: string, second: number, more = {}) =>
      sample({ kind: 'discussion', summary, createdAt: at(second), ...more })
    const [asked, alone] = [talk('asked', 1), talk('alone', 2)]
    const later = talk('later', 3, { tags: ['x'] })
    const reply = talk('reply', 4, { relations: [relation('responds_to', asked.cid)] })
    const lost = { relations: [relation('responds_to', talk('not here', 0).cid)] }
    const orphan = talk('orphan', 5, lost)
    await putAll(opened.store, [later, asked, reply, orphan, alone, sample({ summary: 'a work' })])
    const roots = async (more: { tags?: string[]; limit?: number }) => {
      const query = { limit: 10, unanswered: true, ...more }
      const threads = await opened.store.threads(query)
      return threads.map(({ root, lastReplyAt }) => [root.cid, lastReplyAt !== undefined])
    }

    const all = await roots({})

    assert.deepEqual(all, [
      [asked.cid, true],
      [orphan.cid, false],
      [later.cid, false],
      [alone.cid, false],
    ])
    assert.deepEqual(await roots({ limit: 2 }), all.slice(0, 2))
    assert.deepEqual(await roots({ limit: 1 }), all.slice(0, 1))
    assert.deepEqual(await roots({ tags: ['x'] }), [[later.cid, false]])
  })
}

function rooting(open: () => Promise<Opened<GraphStore>>): void {
  test('a thread is listed by its root: by the topmost contribution that is held', async () => {
    await using opened = await open()
    const root = sample({ summary: 'root' })
    const reply = sample({ summary: 'reply', relations: [relation('responds_to', root.cid)] })
    const again = sample({ summary: 'again', relations: [relation('responds_to', reply.cid)] })
    const roots = async () =>
      cidsOf((await opened.store.threads({ limit: 10 })).map((thread) => thread.root))

    await putAll(opened.store, [again, reply])
    const withoutRoot = await roots()
    await opened.store.put(root, local())

    assert.deepEqual(withoutRoot, [reply.cid])
    assert.deepEqual(await roots(), [root.cid])
  })
}

function promising(open: () => Promise<Opened<GraphStore>>): void {
  test('stubs collect promises, and go when their contribution arrives', async () => {
    await using opened = await open()
    const awaited = sample({ summary: 'awaited' })
    await opened.store.putStub(awaited.cid, ['p1'], 2_000)
    await opened.store.putStub(absent, [], 1_000)
    await opened.store.putStub(awaited.cid, ['p2', 'p1'], 3_000)

    const before = await opened.store.stubs(10)
    await opened.store.put(awaited, local())
    await opened.store.putStub(awaited.cid, ['p3'], 4_000)

    assert.deepEqual(before, [
      { cid: absent, promisedBy: [], since: '1970-01-01T00:00:01.000Z' },
      { cid: awaited.cid, promisedBy: ['p1', 'p2'], since: '1970-01-01T00:00:02.000Z' },
    ])
    assert.deepEqual(cidsOf(await opened.store.stubs(10)), [absent])
    assert.deepEqual(await opened.store.stubs(0), [])
  })

  test('new stubs make room: what nobody promised goes first, then of who promised most', async () => {
    await using opened = await open()
    const { store } = opened
    const stub = (n: number) => hashBytes(Buffer.from(`stub ${n}`))
    const put = (from: number, to: number, by: string[]) =>
      Promise.all(
        Array.from({ length: to - from }, (_, n) => store.putStub(stub(from + n), by, from + n)),
      )
    await put(0, 10, ['honest'])
    await put(10, 20, [])
    await put(20, STUBS_MAX, ['flood'])

    await put(STUBS_MAX, STUBS_MAX + 1, ['flood'])
    const withoutUnpromised = await store.stubCount()
    await put(STUBS_MAX + 1, STUBS_MAX + 100, ['flood'])

    assert.equal(withoutUnpromised, STUBS_MAX - 10 + 1)
    assert.ok((await store.stubCount()) <= STUBS_MAX)
    const left = cidsOf(await store.stubs(STUBS_MAX))
    assert.deepEqual(
      left.slice(0, 10),
      Array.from({ length: 10 }, (_, n) => stub(n)),
    )
    assert.ok(!left.includes(stub(20)) && left.includes(stub(STUBS_MAX + 99)))
  })

  test('a stub is found and counted as long as its contribution is absent', async () => {
    await using opened = await open()
    const awaited = sample({ summary: 'awaited' })
    await opened.store.putStub(awaited.cid, ['p1'], 2_000)
    await opened.store.putStub(absent, ['p2'], 1_000)
    const [oldest, youngest] = await opened.store.stubs(10)

    assert.deepEqual(await opened.store.stub(awaited.cid), youngest)
    assert.deepEqual(await opened.store.stub(absent), oldest)
    assert.equal(await opened.store.stubCount(), 2)
    await opened.store.put(awaited, local())
    assert.equal(await opened.store.stub(awaited.cid), undefined)
    assert.equal(await opened.store.stubCount(), 1)
  })
}
