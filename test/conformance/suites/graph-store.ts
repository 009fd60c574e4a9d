import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Cid, hashBytes } from '../../../src/core/cid.ts'
import type { Contribution } from '../../../src/core/contribution.ts'
import type { GraphStore, Ranking } from '../../../src/ports/graph-store.ts'
import { at, local, type Opened, relation, sample } from '../samples.ts'

const absent = hashBytes(new Uint8Array([1]))
const page = { limit: 100, offset: 0 }
const cidsOf = (items: readonly { readonly cid: Cid }[]): Cid[] => items.map(({ cid }) => cid)
const sortedCids = (items: readonly { readonly cid: Cid }[]): Cid[] => cidsOf(items).sort()

async function putAll(store: GraphStore, contributions: readonly Contribution[]): Promise<void> {
  for (const contribution of contributions) await store.put(contribution, local())
}

function placesIn(rankings: readonly Ranking[], metric: string): [Cid, number][] | undefined {
  return rankings.find((ranking) => ranking.metric === metric)?.places.map(({ cid, value }) => [cid, value])
}

/** What every GraphStore does, whatever it keeps its graph in. `open` gives an empty store. */
export function graphStoreSuite(name: string, open: () => Promise<Opened<GraphStore>>): void {
  describe(`${name}: graph`, () => {
    keeping(open)
    linking(open)
    listing(open)
    ranking(open)
    promising(open)
  })
}

function keeping(open: () => Promise<Opened<GraphStore>>): void {
  test('a contribution is given back byte for byte, with its provenance', async () => {
    await using opened = await open()
    const contribution = sample({ summary: 'Ünïcödé 😀', context: { deep: { list: [1, null, 'x'] } }, scores: {} })
    const provenance = { origin: 'peer', peerId: 'p', address: 'http://a:1', receivedAt: 5 } as const

    const outcome = await opened.store.put(contribution, provenance)

    const found = await opened.store.get(contribution.cid)
    assert.equal(outcome, 'added')
    assert.deepEqual(Buffer.from(found?.bytes ?? []), Buffer.from(contribution.bytes))
    assert.deepEqual(found?.manifest, JSON.parse(Buffer.from(contribution.bytes).toString()))
    assert.deepEqual(found?.provenance, provenance)
    assert.equal(found?.cid, contribution.cid)
  })

  test('putting twice is putting once, and the first provenance stays', async () => {
    await using opened = await open()
    const contribution = sample()
    await opened.store.put(contribution, local(1))

    const again = await opened.store.put(contribution, { origin: 'peer', peerId: 'p', receivedAt: 2 })

    assert.equal(again, 'present')
    assert.equal(await opened.store.count(), 1)
    assert.deepEqual((await opened.store.get(contribution.cid))?.provenance, local(1))
  })

  test('puts of the same contribution that are under way at once add it once', async () => {
    await using opened = await open()
    const contribution = sample()

    const outcomes = await Promise.all([1, 2, 3].map(() => opened.store.put(contribution, local())))

    assert.deepEqual(outcomes.sort(), ['added', 'present', 'present'])
    assert.equal(await opened.store.count(), 1)
  })

  test('what is not here is undefined, left out or lacking', async () => {
    await using opened = await open()
    const [a, b] = [sample({ summary: 'a' }), sample({ summary: 'b' })]
    await putAll(opened.store, [a, b])

    assert.equal(await opened.store.get(absent), undefined)
    assert.deepEqual(cidsOf(await opened.store.getMany([b.cid, absent, a.cid])), [b.cid, a.cid])
    assert.deepEqual(await opened.store.lacking([absent, a.cid]), [absent])
  })

  test('abbreviated cids are resolved, ascending, up to the limit', async () => {
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
  test('edges leave in manifest order and arrive by source cid, with their metadata', async () => {
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
    assert.deepEqual(await opened.store.edges(sources[0]!.cid, 'out', { types: ['adopts'] }), [outgoing[1]])
    assert.deepEqual(await opened.store.edges(absent, 'out'), [])
  })

  test('several relations of one source to one target arrive by type', async () => {
    await using opened = await open()
    const source = sample({
      relations: [relation('reviews', absent), relation('adopts', absent), relation('reviews', absent)],
    })
    await opened.store.put(source, local())

    const incoming = await opened.store.edges(absent, 'in')

    assert.deepEqual(
      incoming.map((edge) => edge.type),
      ['adopts', 'reviews'],
    )
  })

  test('what an absent contribution has been given counts as soon as it arrives', async () => {
    await using opened = await open()
    const target = sample({ summary: 'late', scores: { loss: { value: 1, direction: 'minimize' } } })
    const quality = (value: number) => ({ quality: { value, direction: 'maximize' as const } })
    await putAll(opened.store, [
      sample({ summary: '1', relations: [relation('derives_from', target.cid), relation('adopts', target.cid)] }),
      sample({ summary: '2', kind: 'review', scores: quality(0.2), relations: [relation('reviews', target.cid)] }),
      sample({ summary: '3', kind: 'review', scores: quality(0.4), relations: [relation('reviews', target.cid)] }),
      sample({ summary: '4', relations: [relation('reproduces', target.cid, { result: 'challenged' })] }),
      sample({ summary: '5', relations: [relation('reproduces', target.cid)] }),
      sample({ summary: '6', kind: 'discussion', relations: [relation('responds_to', target.cid)] }),
    ])
    const before = await opened.store.frontier({ limit: 10 })

    await opened.store.put(target, local())

    const after = await opened.store.frontier({ limit: 10 })
    assert.equal(placesIn(before, '_adoption'), undefined)
    assert.deepEqual(placesIn(after, '_adoption'), [[target.cid, 1]])
    assert.deepEqual(placesIn(after, '_reproduction'), [[target.cid, 1]])
    assert.ok(Math.abs((placesIn(after, '_review_score')?.[0]?.[1] ?? 0) - 0.3) < 1e-9)
    assert.deepEqual((await opened.store.signals(target.cid)).adoption, 1)
    assert.deepEqual(cidsOf((await opened.store.threads({ limit: 5 })).map(({ root }) => root)), [target.cid])
  })

  test('signals of what nobody has spoken of are none', async () => {
    await using opened = await open()
    const alone = sample()
    await opened.store.put(alone, local())

    const none = { adoption: 0, reproduction: 0, reviewScore: undefined }
    assert.deepEqual(await opened.store.signals(alone.cid), none)
    assert.deepEqual(await opened.store.signals(absent), none)
  })

  test('review scores beyond all numbers give no place and no failure', async () => {
    await using opened = await open()
    const target = sample({ summary: 'target' })
    const huge = (value: number) => ({ value, direction: 'maximize' as const })
    const review = sample({
      kind: 'review',
      scores: { a: huge(1.7e308), b: huge(1.7e308) },
      relations: [relation('reviews', target.cid)],
    })
    const opposite = sample({
      kind: 'review',
      scores: { a: huge(-1.7e308), b: huge(-1.7e308) },
      relations: [relation('reviews', target.cid)],
    })

    await putAll(opened.store, [target, review, opposite])

    assert.equal((await opened.store.signals(target.cid)).reviewScore, undefined)
    assert.equal(placesIn(await opened.store.frontier({ limit: 5 }), '_review_score'), undefined)
  })

  test('threads rank by replies, then the latest reply, then cid, and only with their tags', async () => {
    await using opened = await open()
    const [one, two, three, four] = [1, 2, 3, 4].map((n) =>
      sample({ summary: `root ${n}`, tags: n === 3 ? ['x', 'y'] : ['x'] }),
    )
    const reply = (to: Cid, n: number) =>
      sample({ summary: `reply ${n}`, kind: 'discussion', createdAt: at(n), relations: [relation('responds_to', to)] })
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
    assert.deepEqual(cidsOf((await opened.store.threads({ limit: 1 })).map(({ root }) => root)), [two!.cid])
    assert.deepEqual(cidsOf((await opened.store.threads({ limit: 5, tags: ['x', 'y'] })).map(({ root }) => root)), [
      three!.cid,
    ])
  })
}

function listing(open: () => Promise<Opened<GraphStore>>): void {
  test('a list is oldest first by the moment, not by its text, with the total of all that match', async () => {
    await using opened = await open()
    const late = sample({ summary: 'late', createdAt: '2026-03-01T09:00:02-03:00' })
    const early = sample({ summary: 'early', createdAt: '2026-03-01T14:00:01+02:00' })
    const tied = [1, 2, 3].map((n) => sample({ summary: `tied ${n}`, createdAt: at(1.5) }))
    await putAll(opened.store, [late, ...tied, early])

    const all = await opened.store.list({}, page)
    const middle = await opened.store.list({}, { limit: 2, offset: 1 })
    const beyond = await opened.store.list({}, { limit: 2, offset: 9 })

    const order = [early.cid, ...sortedCids(tied), late.cid]
    assert.deepEqual(cidsOf(all.items), order)
    assert.equal(all.total, 5)
    assert.deepEqual(cidsOf(middle.items), order.slice(1, 3))
    assert.equal(middle.total, 5)
    assert.deepEqual([beyond.items, beyond.total], [[], 5])
  })

  test('a filter holds where all that it gives holds', async () => {
    await using opened = await open()
    const wanted = sample({
      summary: 'wanted',
      kind: 'plan',
      mode: 'exploration',
      tags: ['t'.repeat(200), 'ml', '_%"\''],
      agent: { agentId: 'ägent', agentName: 'Name', platform: 'H100' },
      context: { seed: 1, 'a:"b"': { y: [1, 2], x: null }, hardware: 'A100' },
    })
    const other = sample({
      summary: 'other',
      tags: ['ml'],
      context: { seed: '1' },
      agent: { agentId: 'b', agentName: 'Name' },
    })
    await putAll(opened.store, [wanted, other])
    const count = async (filter: Parameters<GraphStore['list']>[0]) => {
      const { items, total } = await opened.store.list(filter, page)
      assert.equal(items.length, total)
      return total
    }

    assert.equal(await count({ tags: ['ml'] }), 2)
    assert.equal(await count({ agentName: 'Name', tags: ['ml', 't'.repeat(200)] }), 1)
    assert.equal(await count({ context: { 'a:"b"': { x: null, y: [1, 2] } } }), 1)
    assert.equal(await count({ context: { seed: 1, hardware: 'A100' } }), 1)
    assert.equal(await count({ context: { seed: 1, hardware: 'H100' } }), 0)
    assert.equal(await count({ context: { absent: null } }), 0)
    assert.equal(await count({ context: {} }), 2)
    assert.equal(await count({ tags: ['%'] }), 0)
    assert.equal(
      await count({ tags: ['_%"\''], kind: 'plan', mode: 'exploration', agentId: 'ägent', platform: 'H100' }),
      1,
    )
    assert.equal(await count({ kind: 'work', mode: 'exploration' }), 0)
    assert.equal(await count({ agentId: 'a' }), 0)
  })

  test('a search finds what has every word, in any field, case or accent', async () => {
    await using opened = await open()
    const one = sample({ summary: 'Tail LATENCY of the café', description: 'val_bpb=0.97', tags: ['größe'] })
    const two = sample({ summary: 'tail wind', agent: { agentId: 'latency-probe', model: 'opus' } })
    const three = sample({ summary: '日本語 モデル' })
    await putAll(opened.store, [one, two, three])
    const found = async (text: string) => sortedCids(await opened.store.search(text, {}, 10))

    assert.deepEqual(await found('tail latency'), sortedCids([one, two]))
    assert.deepEqual(await found('CAFE'), [one.cid])
    assert.deepEqual(await found('GRÖSSE groesse'), [])
    assert.deepEqual(await found('Größe'), [one.cid])
    assert.deepEqual(await found('val_bpb 97'), [one.cid])
    assert.deepEqual(await found('opus'), [two.cid])
    assert.deepEqual(await found('日本語'), [three.cid])
    assert.deepEqual(await found('tai'), [])
  })

  test('a search holds no syntax', async () => {
    await using opened = await open()
    const odd = sample({ summary: 'near or and not' })
    await opened.store.put(odd, local())

    for (const text of [
      '"',
      '*',
      'a:b',
      '(',
      'NEAR(x',
      '-x',
      '^',
      "'; --",
      '\0',
      '\ud800',
      'x'.repeat(100_000),
      'a '.repeat(9_999),
    ]) {
      assert.deepEqual(await opened.store.search(text, {}, 5), [], text.slice(0, 20))
    }
    assert.deepEqual(cidsOf(await opened.store.search('NOT AND OR "near"', {}, 5)), [odd.cid])
    assert.deepEqual(await opened.store.search('', {}, 5), [])
  })

  test('a search gives the best match first, keeps to its filter and to its limit', async () => {
    await using opened = await open()
    const best = sample({ summary: 'attention' })
    const weak = sample({ summary: 'attention', description: 'other words '.repeat(50), tags: ['x'] })
    await putAll(opened.store, [weak, best])

    assert.deepEqual(cidsOf(await opened.store.search('attention', {}, 5)), [best.cid, weak.cid])
    assert.deepEqual(cidsOf(await opened.store.search('attention', {}, 1)), [best.cid])
    assert.deepEqual(cidsOf(await opened.store.search('attention', { tags: ['x'] }, 5)), [weak.cid])
    assert.deepEqual(await opened.store.search('attention', { kind: 'review' }, 5), [])
  })
}

function ranking(open: () => Promise<Opened<GraphStore>>): void {
  const scored = (metric: string, value: number, direction: 'minimize' | 'maximize', more = {}) =>
    sample({ summary: `${metric} ${value}`, scores: { [metric]: { value, direction } }, ...more })

  test('each dimension is ranked best first, equal values by cid, up to the limit', async () => {
    await using opened = await open()
    const low = scored('loss', 0.5, 'minimize')
    const tied = [1, 2, 3].map((n) => scored('loss', 0.7, 'minimize', { summary: `tied ${n}` }))
    const fast = [scored('speed', 3, 'maximize'), scored('speed', -1, 'maximize'), scored('speed', 0, 'maximize')]
    await putAll(opened.store, [...tied, low, ...fast])

    const rankings = await opened.store.frontier({ limit: 3 })

    assert.deepEqual(placesIn(rankings, 'loss'), [
      [low.cid, 0.5],
      ...sortedCids(tied)
        .slice(0, 2)
        .map((cid) => [cid, 0.7]),
    ])
    assert.deepEqual(placesIn(rankings, 'speed'), [
      [fast[0]!.cid, 3],
      [fast[2]!.cid, 0],
      [fast[1]!.cid, -1],
    ])
    assert.deepEqual(
      rankings.map(({ metric, direction }) => [metric, direction]),
      [
        ['_recency', 'maximize'],
        ['loss', 'minimize'],
        ['speed', 'maximize'],
      ],
    )
    assert.equal(rankings[1]?.places[0]?.contribution.manifest.summary, 'loss 0.5')
  })

  test('a metric is ranked in the direction that prevails, whatever the filter, or in the one asked', async () => {
    await using opened = await open()
    const down = [scored('m', 1, 'minimize'), scored('m', 2, 'minimize')]
    const up = scored('m', 3, 'maximize', { tags: ['up'] })
    await putAll(opened.store, [...down, up])

    const plain = await opened.store.frontier({ limit: 5 })
    const upward = await opened.store.frontier({ limit: 5, direction: 'maximize' })
    const tagged = await opened.store.frontier({ limit: 5, tags: ['up'] })

    assert.deepEqual(
      placesIn(plain, 'm'),
      down.map(({ cid }, index) => [cid, index + 1]),
    )
    assert.deepEqual(placesIn(upward, 'm'), [[up.cid, 3]])
    assert.equal(placesIn(tagged, 'm'), undefined)
  })

  test('exploration, ephemeral and reserved names give no place to scores', async () => {
    await using opened = await open()
    const exploring = scored('m', 1, 'minimize', { mode: 'exploration' })
    const message = scored('m', 2, 'minimize', { context: { ephemeral: true } })
    const reserved = scored('_adoption', 99, 'maximize')
    await putAll(opened.store, [exploring, message, reserved])

    const rankings = await opened.store.frontier({ limit: 5 })

    assert.deepEqual(
      rankings.map(({ metric }) => metric),
      ['_recency'],
    )
    assert.deepEqual(sortedCids(rankings[0]!.places), sortedCids([exploring, reserved]))
  })

  test('recency is never later than the moment of arrival', async () => {
    await using opened = await open()
    const future = sample({ summary: 'future', createdAt: '2999-01-01T00:00:00Z' })
    const honest = sample({ summary: 'honest', createdAt: at(100) })
    await opened.store.put(future, local(Date.parse(at(50))))
    await opened.store.put(honest, local(Date.parse(at(200))))

    const rankings = await opened.store.frontier({ limit: 5 })

    assert.deepEqual(placesIn(rankings, '_recency'), [
      [honest.cid, Date.parse(at(100))],
      [future.cid, Date.parse(at(50))],
    ])
  })

  test('only the dimensions asked for are ranked', async () => {
    await using opened = await open()
    const both = sample({ scores: { a: { value: 1, direction: 'minimize' }, b: { value: 2, direction: 'maximize' } } })
    await putAll(opened.store, [both, sample({ summary: 'adopter', relations: [relation('adopts', both.cid)] })])
    const metrics = async (query: object) =>
      (await opened.store.frontier({ limit: 5, ...query })).map(({ metric }) => metric)

    assert.deepEqual(await metrics({}), ['_adoption', '_recency', 'a', 'b'])
    assert.deepEqual(await metrics({ metric: 'b' }), ['_adoption', '_recency', 'b'])
    assert.deepEqual(await metrics({ dimensions: ['a', '_adoption'] }), ['_adoption', 'a'])
    assert.deepEqual(await metrics({ dimensions: ['nosuch'] }), [])
    assert.deepEqual(await metrics({ direction: 'minimize' }), ['a'])
    assert.deepEqual(await metrics({ kind: 'review' }), [])
  })
}

function promising(open: () => Promise<Opened<GraphStore>>): void {
  test('stubs are listed oldest first, gather promises, and go when their contribution comes', async () => {
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
}
