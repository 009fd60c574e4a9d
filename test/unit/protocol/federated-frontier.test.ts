import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { DigestEntry } from '../../../src/core/wire/gossip.ts'
import { FederatedFrontier } from '../../../src/protocol/gossip/federated-frontier.ts'
import type { FederatedItem } from '../../../src/protocol/gossip/federated-items.ts'
import { cid, peer, START } from './network.ts'

const heardNothing = () => undefined

function merge(
  federated: FederatedFrontier,
  from: number,
  entries: readonly DigestEntry[],
  now = START,
) {
  const digest = { from: peer(from), entries, unauthenticated: false }
  return federated.merge(digest, { now, heldDirection: heardNothing })
}

const advertisement = (n: number, value: number, metric = 'val_bpb'): DigestEntry => ({
  cid: cid(n),
  metric,
  value,
  direction: 'minimize',
})

const entryArbitrary: fc.Arbitrary<DigestEntry> = fc.record(
  {
    cid: fc.integer({ min: 0, max: 3_000 }).map(cid),
    metric: fc.constantFrom('val_bpb', 'speed', 'm3', 'm4', '_adoption', '_recency', '_unknown'),
    value: fc.double(),
    direction: fc.constantFrom('minimize' as const, 'maximize' as const),
    tags: fc.array(fc.string(), { maxLength: 3 }),
  },
  { requiredKeys: ['cid', 'metric', 'value'] },
)

function boundsHold(federated: FederatedFrontier): void {
  federated.checkInvariants()
  const items = federated.list()
  assert.equal(items.length, federated.size)
  assert.ok(items.length <= 4_096)
  const shares = new Map<string, number>()
  const count = (key: string) => shares.set(key, (shares.get(key) ?? 0) + 1)
  for (const { metric, advertisements } of items) {
    assert.ok(advertisements.length >= 1 && advertisements.length <= 8)
    assert.equal(new Set(advertisements.map(({ from }) => from.peerId)).size, advertisements.length)
    count(`metric ${metric}`)
    for (const { from } of advertisements) {
      count(`of ${from.peerId} in ${metric}`)
      count(`all of ${from.peerId}`)
    }
  }
  for (const [key, share] of shares) {
    const most = key.startsWith('metric') ? 500 : key.startsWith('of') ? 125 : 1_024
    assert.ok(share <= most, `${key}: ${share}`)
  }
}

test('no flood exceeds the bounds for a metric, an advertiser and in total', () => {
  const digest = fc.array(entryArbitrary, { minLength: 60, maxLength: 100, size: 'max' })
  const messages = fc.array(fc.tuple(fc.integer({ min: 1, max: 4 }), digest), {
    minLength: 40,
    maxLength: 60,
    size: 'max',
  })
  fc.assert(
    fc.property(messages, (digests) => {
      const federated = new FederatedFrontier()
      for (const [index, [from, entries]] of digests.entries())
        merge(federated, from, entries, START + index)
      boundsHold(federated)
    }),
    { numRuns: 15, seed: 1 },
  )
})

test('metrics are in the order of the bytes of their names', () => {
  const federated = new FederatedFrontier()
  merge(
    federated,
    1,
    ['😀', '～', 'a'].map((metric, n) => advertisement(n, 1, metric)),
  )

  assert.deepEqual(
    federated.list().map(({ metric }) => metric),
    ['a', '～', '😀'],
  )
})

test('a flood gets its share of a metric, and of all', () => {
  const federated = new FederatedFrontier()
  for (let n = 0; n < 2_000; n += 1) merge(federated, 1, [advertisement(n, n)])
  assert.equal(federated.size, 125)
  for (let n = 0; n < 2_000; n += 1) merge(federated, 2 + (n % 9), [advertisement(5_000 + n, n)])
  assert.equal(federated.size, 500)
  for (let n = 0; n < 3_000; n += 1) merge(federated, 20, [advertisement(n, n, `metric ${n}`)])
  assert.equal(federated.size, 1_524)
  for (let n = 0; n < 9_000; n += 1)
    merge(federated, 21 + (n % 9), [advertisement(n, n, `other ${n % 900}`)])
  assert.equal(federated.size, 4_096)
  boundsHold(federated)
})

test('the worst item of the same metric and direction is evicted', () => {
  const federated = new FederatedFrontier()
  merge(federated, 1, [advertisement(9_000, 5, 'speed')])
  for (let n = 0; n < 600; n += 1) merge(federated, 2 + (n % 6), [advertisement(n, 1_000 - n)])

  const items = federated.list()

  assert.ok(items.some((item) => item.metric === 'speed'))
  const values = items.filter((item) => item.metric === 'val_bpb').map((item) => item.value)
  assert.deepEqual(
    values,
    Array.from({ length: 500 }, (_, n) => 401 + n),
  )
})

test('a flood in the wrong direction does not evict the honest one', () => {
  const federated = new FederatedFrontier()
  for (let n = 0; n < 600; n += 1) {
    merge(federated, 10 + (n % 6), [
      { cid: cid(n), metric: 'val_bpb', value: n, direction: 'maximize' },
    ])
  }

  const news = merge(federated, 1, [advertisement(9_000, 0.9)])

  assert.equal(news.length, 1)
  assert.ok(federated.list().some((item) => item.cid === cid(9_000)))
  assert.equal(federated.size, 500)
})

test('the result does not depend on the order of messages', () => {
  const digest = fc.tuple(
    fc.integer({ min: 1, max: 20 }),
    fc.array(
      fc.record({
        cid: fc.integer({ min: 0, max: 30 }).map(cid),
        metric: fc.constantFrom('a', 'b', '_adoption'),
        value: fc.integer({ min: 0, max: 5 }),
        direction: fc.constant('maximize' as const),
      }),
      { maxLength: 20 },
    ),
  )
  fc.assert(
    fc.property(
      fc.uniqueArray(digest, { selector: ([from]) => from, maxLength: 20 }),
      fc.infiniteStream(fc.nat()),
      (digests, rng) => {
        const keys = digests.map(() => rng.next().value as number)
        const shuffled = digests
          .map((item, index) => ({ item, key: keys[index]! }))
          .sort((a, b) => a.key - b.key)
        const [one, other] = [new FederatedFrontier(), new FederatedFrontier()]
        for (const [from, entries] of digests) merge(one, from, distinct(entries))
        for (const { item } of shuffled) merge(other, item[0], distinct(item[1]))
        const visible = (items: readonly FederatedItem[]) =>
          items.map(({ tags: _tags, ...rest }) => rest)
        assert.deepEqual(visible(other.list()), visible(one.list()))
      },
    ),
    { numRuns: 100, seed: 2 },
  )
})

test('on overflow the same best are kept, whatever the order of messages', () => {
  const entries = Array.from({ length: 700 }, (_, n) => ({
    from: n % 7,
    entry: advertisement(n, (n * 37) % 701),
  }))
  const keptOf = (list: typeof entries) => {
    const federated = new FederatedFrontier()
    for (const { from, entry } of list) merge(federated, from, [entry])
    return federated.list().map((item) => item.cid)
  }

  assert.deepEqual(keptOf(entries.toReversed()), keptOf(entries))
})

test('items keep their advertised direction, whatever arrives', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(entryArbitrary, { maxLength: 50 }), { maxLength: 10 }),
      (digests) => {
        const federated = new FederatedFrontier()
        merge(federated, 99, [advertisement(5_000, 0.9)])
        for (const entries of digests) merge(federated, 1, entries)
        const item = federated.list().find((other) => other.cid === cid(5_000))
        assert.equal(item?.direction, 'minimize')
        const said = new Set(
          digests.flat().map((entry) => `${entry.cid} ${entry.metric} ${entry.direction ?? 'any'}`),
        )
        for (const { cid: id, metric, direction } of federated.list()) {
          const inferred = said.has(`${id} ${metric} any`)
          assert.ok(id === cid(5_000) || inferred || said.has(`${id} ${metric} ${direction}`))
          if (metric.startsWith('_')) assert.equal(direction, 'maximize')
        }
      },
    ),
    { numRuns: 50, seed: 3 },
  )
})

test('an entry without direction takes a known one, or is ignored', () => {
  const federated = new FederatedFrontier()
  const bare = (n: number, metric: string): DigestEntry => ({ cid: cid(n), metric, value: 0.5 })
  assert.deepEqual(merge(federated, 1, [bare(1, 'val_bpb')]), [])
  assert.equal(federated.size, 0)

  merge(federated, 1, [bare(1, 'val_bpb'), advertisement(2, 0.9)])
  merge(federated, 2, [bare(3, 'val_bpb'), bare(4, '_adoption')])
  federated.merge(
    { from: peer(3), entries: [bare(5, 'val_bpb')], unauthenticated: false },
    { now: START, heldDirection: () => 'maximize' },
  )

  const directions = Object.fromEntries(federated.list().map((item) => [item.cid, item.direction]))
  assert.deepEqual(directions, {
    [cid(1)]: 'minimize',
    [cid(2)]: 'minimize',
    [cid(3)]: 'minimize',
    [cid(4)]: 'maximize',
    [cid(5)]: 'maximize',
  })
})

test('infinite values, unknown protocol metrics and minimised signals are ignored', () => {
  const federated = new FederatedFrontier()

  const news = merge(federated, 1, [
    advertisement(1, Number.NaN),
    advertisement(2, Number.POSITIVE_INFINITY),
    { cid: cid(3), metric: '_future', value: 1, direction: 'maximize' },
    advertisement(4, 1, '_adoption'),
  ])

  assert.deepEqual(news, [])
  assert.equal(federated.size, 0)
})

test('only new and moved items are returned', () => {
  const federated = new FederatedFrontier()

  assert.equal(merge(federated, 1, [advertisement(1, 0.9)]).length, 1)
  assert.equal(merge(federated, 1, [advertisement(1, 0.9)]).length, 0)
  assert.equal(merge(federated, 2, [advertisement(1, 0.9)]).length, 0)
  assert.equal(
    merge(federated, 2, [advertisement(1, 0.95)]).length,
    0,
    'a worse value from one of two does not move it',
  )
  assert.equal(merge(federated, 3, [advertisement(1, 0.8)])[0]?.value, 0.8)
})

test('recency in the future counts as the time it was first seen', () => {
  const federated = new FederatedFrontier()
  const future: DigestEntry = {
    cid: cid(1),
    metric: '_recency',
    value: 1e18,
    direction: 'maximize',
  }

  assert.equal(merge(federated, 1, [future])[0]?.value, START)
  assert.deepEqual(merge(federated, 1, [future], START + 30_000), [])
})

test('the providers are the eight most recent advertisers, latest first', () => {
  const federated = new FederatedFrontier()
  for (let n = 1; n <= 10; n += 1) merge(federated, n, [advertisement(1, 0.9)], START + n)
  merge(federated, 4, [advertisement(1, 0.9)], START + 50)

  const ids = federated.providersOf(cid(1)).map((provider) => provider.peerId)

  assert.deepEqual(ids, ['p4', 'p10', 'p9', 'p8', 'p7', 'p6', 'p5', 'p3'])
})

test('an advertisement expires for each provider unless it is repeated', () => {
  const federated = new FederatedFrontier()
  merge(federated, 1, [advertisement(1, 0.8)], START)
  merge(federated, 2, [advertisement(1, 0.9)], START + 1_000)

  federated.expire(START + 500)
  assert.equal(federated.list()[0]?.value, 0.9)
  federated.expire(START + 1_500)

  assert.equal(federated.size, 0)
  federated.checkInvariants()
})

test('a retracted advertisement does not affect those of other peers', () => {
  const federated = new FederatedFrontier()
  merge(federated, 1, [advertisement(1, 0.1)])
  merge(federated, 2, [advertisement(1, 0.9)])

  federated.retract('p1', cid(1))

  assert.deepEqual(
    federated
      .list()
      .map((item) => [item.value, item.advertisements.map(({ from }) => from.peerId)]),
    [[0.9, ['p2']]],
  )
})

/** One entry for each metric and cid, as in a digest. */
function distinct(entries: readonly DigestEntry[]): DigestEntry[] {
  return [...new Map(entries.map((entry) => [`${entry.metric} ${entry.cid}`, entry])).values()]
}
