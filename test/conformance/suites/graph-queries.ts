import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { canonicalBytes } from '../../../src/core/canonical.ts'
import { hashBytes } from '../../../src/core/cid.ts'
import type { Contribution } from '../../../src/core/contribution/contribution.ts'
import { verifyManifest } from '../../../src/core/contribution/verify.ts'
import { DIRECTION_VOICES_MAX } from '../../../src/core/limits.ts'
import type { GraphStore } from '../../../src/ports/graph-store.ts'
import {
  at,
  broughtBy,
  cidsOf,
  local,
  names,
  type Opened,
  placesIn,
  putAll,
  relation,
  sample,
  sortedCids,
} from '../samples.ts'

const page = { limit: 100, offset: 0 }
/** What every GraphStore finds: lists, searches, frontiers. `open` gives an empty store. */
export function graphQueriesSuite(name: string, open: () => Promise<Opened<GraphStore>>): void {
  describe(`${name}: graph queries`, () => {
    listing(open)
    ranking(open)
  })
}

function listing(open: () => Promise<Opened<GraphStore>>): void {
  test('a list is oldest first by time, not by text, with the total of all matches', async () => {
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

  test('what relates to a contribution is newest first, each once, with the total', async () => {
    await using opened = await open()
    const target = sample({ summary: 'target' })
    const both = sample({
      createdAt: at(1),
      relations: [relation('reviews', target.cid), relation('adopts', target.cid)],
    })
    const tied = [1, 2].map((n) =>
      sample({
        summary: `tied ${n}`,
        createdAt: at(2),
        relations: [relation('reviews', target.cid)],
      }),
    )
    const child = sample({ createdAt: at(3), relations: [relation('derives_from', target.cid)] })
    await putAll(opened.store, [child, both, ...tied, target])
    const ask = async (
      types: Parameters<GraphStore['related']>[1],
      limit: number,
      offset: number,
    ) => {
      const { items, total } = await opened.store.related(target.cid, types, { limit, offset })
      return { cids: cidsOf(items), total }
    }

    const all = [...sortedCids(tied), both.cid]
    assert.deepEqual(await ask(['reviews', 'adopts'], 9, 0), { cids: all, total: 3 })
    assert.deepEqual(await ask(['reviews'], 1, 1), { cids: all.slice(1, 2), total: 3 })
    assert.deepEqual(await ask(['derives_from'], 9, 0), { cids: [child.cid], total: 1 })
    assert.deepEqual(await ask([], 9, 0), { cids: [], total: 0 })
  })

  test('a filter matches if all of its fields match', async () => {
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
      await count({
        tags: ['_%"\''],
        kind: 'plan',
        mode: 'exploration',
        agentId: 'ägent',
        platform: 'H100',
      }),
      1,
    )
    assert.equal(await count({ kind: 'work', mode: 'exploration' }), 0)
    assert.equal(await count({ agentId: 'a' }), 0)
  })

  test('an empty tag that another grove has sent matches nothing', async () => {
    await using opened = await open()
    const { manifest } = sample({ tags: ['a'] })
    const bytes = canonicalBytes({ ...manifest, tags: ['', 'a'] })
    const sent = verifyManifest(bytes, hashBytes(bytes))
    await opened.store.put(sent, local())

    assert.equal((await opened.store.list({ tags: ['a'] }, page)).total, 1)
    assert.equal((await opened.store.list({ tags: [''] }, page)).total, 0)
    assert.equal((await opened.store.list({ tags: ['a', ''] }, page)).total, 0)
    assert.deepEqual(await opened.store.frontier({ anyTag: [''], limit: 5 }), [])
    assert.notDeepEqual(await opened.store.frontier({ anyTag: ['', 'a'], limit: 5 }), [])
  })

  test('a search finds contributions with every word, in any field, case or accent', async () => {
    await using opened = await open()
    const one = sample({
      summary: 'Tail LATENCY of the café',
      description: 'val_bpb=0.97',
      tags: ['größe'],
    })
    const two = sample({ summary: 'tail wind', agent: { agentId: 'latency-probe', model: 'opus' } })
    const three = sample({ summary: '日本語 モデル' })
    await putAll(opened.store, [one, two, three])
    const found = async (text: string) =>
      sortedCids((await opened.store.search(text, {}, 10)).items)

    assert.deepEqual(await found('tail latency'), sortedCids([one, two]))
    assert.deepEqual(await found('CAFE'), [one.cid])
    assert.deepEqual(await found('GRÖSSE groesse'), [])
    assert.deepEqual(await found('Größe'), [one.cid])
    assert.deepEqual(await found('val_bpb 97'), [one.cid])
    assert.deepEqual(await found('opus'), [two.cid])
    assert.deepEqual(await found('日本語'), [three.cid])
    assert.deepEqual(await found('tai'), [])
  })

  test('a search folds case in every script, and leaves out accents only where readers do', async () => {
    await using opened = await open()
    const folded = sample({ summary: 'Straße ΟΔΟΣ İzmir ﬁne Ёлка שָׁלוֹם' })
    const hindi = sample({ summary: 'हिन्दी में' })
    const japanese = sample({ summary: 'ガラス' })
    await putAll(opened.store, [folded, hindi, japanese])
    const found = async (text: string) => cidsOf((await opened.store.search(text, {}, 10)).items)

    for (const text of ['strasse', 'STRASSE straße', 'οδός', 'izmir', 'FINE', 'елка', 'שלום'])
      assert.deepEqual(await found(text), [folded.cid], text)
    assert.deepEqual(await found('हिन्दी'), [hindi.cid])
    assert.deepEqual(await found('हनद'), [])
    assert.deepEqual(await found('ｶﾞﾗｽ'), [japanese.cid])
    assert.deepEqual(await found('カラス'), [])
  })

  test('writing without spaces is found by any part of it', async () => {
    await using opened = await open()
    const chinese = sample({ summary: '使用旋转位置编码的深度学习模型基线' })
    const thai = sample({ summary: 'แบบจำลองภาษาไทย' })
    const korean = sample({ summary: '한국어모델을 GPT2기반으로' })
    await putAll(opened.store, [chinese, thai, korean])
    const found = async (text: string) => cidsOf((await opened.store.search(text, {}, 10)).items)

    for (const text of ['深度学习', '深度 模型', '码', '使用旋转位置编码的深度学习模型基线'])
      assert.deepEqual(await found(text), [chinese.cid], text)
    assert.deepEqual(await found('深习'), [])
    assert.deepEqual(await found('ภาษา'), [thai.cid])
    for (const text of ['한국어', '모델', 'gpt2', 'GPT2기반'])
      assert.deepEqual(await found(text), [korean.cid], text)
  })

  test('a word that ends in * finds all that begin with it', async () => {
    await using opened = await open()
    const one = sample({ summary: 'baseline of ABBA' })
    const two = sample({ summary: 'database basement' })
    await putAll(opened.store, [one, two])
    const found = async (text: string) =>
      sortedCids((await opened.store.search(text, {}, 10)).items)

    assert.deepEqual(await found('base'), [])
    assert.deepEqual(await found('base*'), sortedCids([one, two]))
    assert.deepEqual(await found('BASE* abb*'), [one.cid])
    assert.deepEqual(await found('basel* of'), [one.cid])
    for (const text of ['a*', 'ba*', 'ab *', '*base', 'b*se', 'base-*'])
      assert.deepEqual(await found(text), [], text)
  })

  test('a long word is cut at a character, not within one', async () => {
    await using opened = await open()
    const long = sample({ summary: `${'𝔅'.repeat(3)}${'𐐀'.repeat(70)}` })
    await putAll(opened.store, [long])

    const found = (await opened.store.search('𐐀'.repeat(70).padStart(146, '𝔅𝔅𝔅'), {}, 10)).items

    assert.deepEqual(cidsOf(found), [long.cid])
  })

  test('a search has no query syntax', async () => {
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
      assert.deepEqual((await opened.store.search(text, {}, 5)).items, [], text.slice(0, 20))
    }
    assert.deepEqual(cidsOf((await opened.store.search('NOT AND OR "near"', {}, 5)).items), [
      odd.cid,
    ])
    assert.deepEqual((await opened.store.search('', {}, 5)).items, [])
  })

  test('a search gives the best match first, and keeps to its filter and limit', async () => {
    await using opened = await open()
    const best = sample({ summary: 'attention' })
    const weak = sample({
      summary: 'attention',
      description: 'other words '.repeat(50),
      tags: ['x'],
    })
    await putAll(opened.store, [weak, best])

    assert.deepEqual(cidsOf((await opened.store.search('attention', {}, 5)).items), [
      best.cid,
      weak.cid,
    ])
    assert.deepEqual(cidsOf((await opened.store.search('attention', {}, 1)).items), [best.cid])
    assert.deepEqual(cidsOf((await opened.store.search('attention', { tags: ['x'] }, 5)).items), [
      weak.cid,
    ])
    assert.deepEqual((await opened.store.search('attention', { kind: 'review' }, 5)).items, [])
  })
}

function ranking(open: () => Promise<Opened<GraphStore>>): void {
  const scored = (metric: string, value: number, direction: 'minimize' | 'maximize', more = {}) =>
    sample({ summary: `${metric} ${value}`, scores: { [metric]: { value, direction } }, ...more })

  test('each dimension is ranked best first, equal values by cid, up to the limit', async () => {
    await using opened = await open()
    const low = scored('loss', 0.5, 'minimize')
    const tied = [1, 2, 3].map((n) => scored('loss', 0.7, 'minimize', { summary: `tied ${n}` }))
    const fast = [
      scored('speed', 3, 'maximize'),
      scored('speed', -1, 'maximize'),
      scored('speed', 0, 'maximize'),
    ]
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
    assert.equal(rankings[1]?.places[0]?.info.summary, 'loss 0.5')
  })

  test('dimensions are in the order of the bytes of their names', async () => {
    await using opened = await open()
    await putAll(
      opened.store,
      names.toReversed().map((metric) => scored(metric, 1, 'minimize')),
    )

    const [, ...rankings] = await opened.store.frontier({ limit: 1 })

    assert.deepEqual(
      rankings.map(({ metric }) => metric),
      names,
    )
  })

  test('a place has what is needed to show and advertise its contribution', async () => {
    await using opened = await open()
    const hash = hashBytes(new Uint8Array([1]))
    const plain = scored('loss', 1, 'minimize')
    const rich = scored('loss', 2, 'minimize', {
      kind: 'plan',
      tags: ['b', 'a'],
      description: 'long '.repeat(10_000),
      agent: { agentId: 'id', agentName: 'name', platform: 'H100', model: 'left out' },
      artifacts: { 'one.txt': hash, 'same.txt': hash },
    })
    await putAll(opened.store, [plain, rich])

    const [, loss] = await opened.store.frontier({ limit: 5 })

    assert.deepEqual(
      loss?.places.map(({ info }) => info),
      [
        {
          cid: plain.cid,
          kind: 'work',
          mode: 'evaluation',
          summary: 'loss 1',
          tags: [],
          createdAt: at(0),
          agent: { agentId: 'agent-1' },
          manifestBytes: plain.bytes.byteLength,
          artifacts: [],
        },
        {
          cid: rich.cid,
          kind: 'plan',
          mode: 'evaluation',
          summary: 'loss 2',
          tags: ['b', 'a'],
          createdAt: at(0),
          agent: { agentId: 'id', agentName: 'name', platform: 'H100' },
          manifestBytes: rich.bytes.byteLength,
          artifacts: [hash],
        },
      ],
    )
  })

  test('a metric is ranked in its prevailing direction, or in the requested one', async () => {
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

  test('what was published here says the direction of a metric, the first of equally many', async () => {
    await using opened = await open()
    const flood = [1, 2, 3, 4, 5, 6].map((value) => scored('own', value, 'minimize'))
    const own = scored('own', 0.9, 'maximize')
    const first = scored('tied', 1, 'maximize', { createdAt: at(60) })
    const antedated = scored('tied', 2, 'minimize', { createdAt: '1999-01-01T00:00:00Z' })
    for (const item of flood) await opened.store.put(item, broughtBy('a'))
    await putAll(opened.store, [own, first, antedated])

    const rankings = await opened.store.frontier({ limit: 5 })

    assert.deepEqual(placesIn(rankings, 'own'), [[own.cid, 0.9]])
    assert.deepEqual(placesIn(rankings, 'tied'), [[first.cid, 1]])
  })

  test('without that, the direction is what most hosts brought, of equally many what came first', async () => {
    await using opened = await open()
    const flood = [1, 2, 3, 4, 5, 6].map((value) => scored('m', value, 'minimize'))
    const honest = [7, 8].map((value) => scored('m', value, 'maximize'))
    const first = scored('tied', 1, 'maximize', { createdAt: at(60) })
    const antedated = scored('tied', 2, 'minimize', { createdAt: '1999-01-01T00:00:00Z' })
    for (const item of flood) await opened.store.put(item, broughtBy('a'))
    for (const [n, item] of honest.entries()) await opened.store.put(item, broughtBy(`b${n}`))
    await opened.store.put(first, broughtBy('b'))
    await opened.store.put(antedated, broughtBy('a'))

    const rankings = await opened.store.frontier({ limit: 5 })
    const [support] = await opened.store.directions(['m'])

    assert.deepEqual(
      placesIn(rankings, 'm'),
      honest.toReversed().map(({ cid }, n) => [cid, 8 - n]),
    )
    assert.deepEqual(placesIn(rankings, 'tied'), [[first.cid, 1]])
    assert.deepEqual(support, {
      minimize: { published: 0, firstPublished: undefined, voices: 1, first: 1 },
      maximize: { published: 0, firstPublished: undefined, voices: 2, first: 7 },
    })
  })

  test('more voices than are counted stand for as many as are counted', async () => {
    await using opened = await open()
    for (let n = 0; n < DIRECTION_VOICES_MAX + 2; n++)
      await opened.store.put(scored('m', n, 'minimize'), broughtBy(`a${n}`))

    const [support] = await opened.store.directions(['m'])

    assert.equal(support?.minimize.voices, DIRECTION_VOICES_MAX)
  })

  test('exploratory, ephemeral and reserved scores take no place', async () => {
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

  test('works rank apart from reviews, and decide on the direction of a metric', async () => {
    await using opened = await open()
    const work = scored('q', 0.5, 'maximize')
    const reviews = [0.9, 0.2].map((value) => scored('q', value, 'minimize', { kind: 'review' }))
    const praise = scored('q', 0.7, 'maximize', { kind: 'review' })
    const run = scored('q', 0.8, 'maximize', {
      kind: 'reproduction',
      relations: [relation('reproduces', work.cid)],
    })
    await putAll(opened.store, [...reviews, work, praise, run])
    const ranked = async (query: object) =>
      placesIn(await opened.store.frontier({ limit: 5, ...query }), 'q')?.map(([cid]) => cid)

    assert.deepEqual(await ranked({ kind: 'work' }), [work.cid])
    assert.deepEqual(await ranked({}), [praise.cid, work.cid])
    assert.deepEqual(await ranked({ kind: 'review' }), [praise.cid])
    assert.equal(await ranked({ kind: 'reproduction' }), undefined)
    assert.deepEqual(await opened.store.bestWorks(['q', '_reproduction', 'nosuch'], 5), [
      { metric: '_reproduction', direction: 'maximize', cid: work.cid, value: 1 },
      { metric: 'q', direction: 'maximize', cid: work.cid, value: 0.5 },
    ])
  })

  test('metrics are listed by name, page by page, or those of works only', async () => {
    await using opened = await open()
    await putAll(opened.store, [
      ...['c', 'a', '😀', '～'].map((metric) => scored(metric, 1, 'minimize')),
      scored('b', 1, 'minimize', { kind: 'review' }),
      scored('_adoption', 1, 'maximize'),
    ])

    assert.deepEqual(await opened.store.metrics({ limit: 9 }), ['a', 'b', 'c', '～', '😀'])
    assert.deepEqual(await opened.store.metrics({ limit: 2, ofWorks: true }), ['a', 'c'])
    assert.deepEqual(await opened.store.metrics({ limit: 2, after: 'b' }), ['c', '～'])
    assert.deepEqual(await opened.store.metrics({ limit: 2, after: '😀' }), [])
  })

  test('metrics that most stand behind come first: of own works, then those of more hosts', async () => {
    await using opened = await open()
    await putAll(opened.store, [
      scored('own', 1, 'minimize'),
      scored('reviewed', 1, 'minimize', { kind: 'review' }),
    ])
    const brought: [metric: string, host: string][] = [
      ['!0', 'a'],
      ['!1', 'a'],
      ['wide', 'a'],
      ['wide', 'b'],
    ]
    for (const [n, [metric, host]] of brought.entries())
      await opened.store.put(scored(metric, n, 'minimize'), broughtBy(host))
    await opened.store.put(scored('!0', 9, 'maximize'), broughtBy('a'))

    assert.deepEqual(await opened.store.foremostMetrics(9), ['own', 'wide', '!0', '!1'])
    assert.deepEqual(await opened.store.foremostMetrics(3), ['own', 'wide', '!0'])
  })

  test('works are counted by the direction and unit of their scores', async () => {
    await using opened = await open()
    const score = (direction: 'minimize' | 'maximize', unit?: string) => ({
      scores: { acc: { value: 1, direction, ...(unit === undefined ? {} : { unit }) } },
    })
    const [first, second, third, fetched] = [
      score('maximize'),
      score('maximize', ''),
      score('maximize', '%'),
      score('minimize', 'u'.repeat(100)),
    ].map((more, n) => sample({ summary: `${n}`, ...more })) as [
      Contribution,
      Contribution,
      Contribution,
      Contribution,
    ]
    await putAll(opened.store, [
      first,
      second,
      third,
      sample({ kind: 'review', ...score('minimize') }),
    ])
    await opened.store.put(fetched, {
      ...local(),
      origin: 'peer',
      peerId: 'b',
      address: 'http://b',
    })

    const form = { metric: 'acc', works: 1, published: 1 }
    assert.deepEqual(await opened.store.scoreForms(['nosuch', 'acc'], 9), [
      {
        ...form,
        direction: 'maximize',
        unit: undefined,
        works: 2,
        published: 2,
        latest: second.cid,
      },
      { ...form, direction: 'maximize', unit: '%', latest: third.cid },
      { ...form, direction: 'minimize', unit: 'u'.repeat(64), published: 0, latest: undefined },
    ])
    assert.equal((await opened.store.scoreForms(['acc'], 1)).length, 1)
  })

  test('recency is never later than the arrival', async () => {
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

  test('a choice of tags or kinds ranks contributions with one of them', async () => {
    await using opened = await open()
    const [text, code, both, none] = [['text'], ['code', 'x y'], ['text', 'code'], []].map(
      (tags, n) => scored('loss', n, 'minimize', { tags, kind: n === 0 ? 'plan' : 'work' }),
    ) as [Contribution, Contribution, Contribution, Contribution]
    await putAll(opened.store, [text, code, both, none])
    const ranked = async (query: object) =>
      placesIn(await opened.store.frontier({ limit: 3, ...query }), 'loss')?.map(([cid]) => cid)

    assert.deepEqual(await ranked({}), [text.cid, code.cid, both.cid])
    assert.deepEqual(await ranked({ anyTag: ['text', 'nosuch'] }), [text.cid, both.cid])
    assert.deepEqual(await ranked({ anyTag: ['x y', 'text'] }), [text.cid, code.cid, both.cid])
    assert.deepEqual(await ranked({ anyTag: ['text', 'x y'], anyKind: ['work', 'review'] }), [
      code.cid,
      both.cid,
    ])
    assert.deepEqual(await ranked({ anyTag: ['text'], tags: ['code'] }), [both.cid])
    assert.deepEqual(await ranked({ anyKind: ['plan'] }), [text.cid])
    assert.deepEqual(await ranked({ anyTag: [] }), undefined)
  })

  test('a filter finds matches far behind many others', async () => {
    await using opened = await open()
    const far = [1, 2, 3].map((n) => scored('loss', 1_000 + n, 'minimize', { tags: ['far'] }))
    await putAll(opened.store, [
      ...Array.from({ length: 150 }, (_, n) => scored('loss', n, 'minimize')),
      ...far,
    ])
    const ranked = async (limit: number) =>
      placesIn(await opened.store.frontier({ limit, anyTag: ['far'] }), 'loss')?.map(([cid]) => cid)

    assert.deepEqual(await ranked(2), [far[0]!.cid, far[1]!.cid])
    assert.deepEqual(
      await ranked(10),
      far.map(({ cid }) => cid),
    )
  })

  test('only the requested dimensions are ranked', async () => {
    await using opened = await open()
    const both = sample({
      scores: { a: { value: 1, direction: 'minimize' }, b: { value: 2, direction: 'maximize' } },
    })
    await putAll(opened.store, [
      both,
      sample({ summary: 'adopter', relations: [relation('adopts', both.cid)] }),
    ])
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
