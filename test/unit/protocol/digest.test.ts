import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Manifest } from '../../../src/core/contribution/schema.ts'
import { below } from '../../../src/core/random.ts'
import { contradicts } from '../../../src/core/ranking/advertisement.ts'
import type { LocalEntry } from '../../../src/core/ranking/frontier.ts'
import { compareText } from '../../../src/core/text.ts'
import { digestEntrySchema } from '../../../src/core/wire/gossip.ts'
import { byDimension, type DigestLimits, digestOf } from '../../../src/protocol/gossip/digest.ts'
import { LocalFrontier } from '../../../src/protocol/gossip/local-frontier.ts'
import { cid, seeded, work } from './network.ts'

const digestFrom = (entries: readonly LocalEntry[], limits: DigestLimits) =>
  digestOf([...byDimension(entries).values()], limits)
const roomy = { maxBytes: 1_000_000, turn: 0 }

function dimension(metric: string, count: number, offset = 0): LocalEntry[] {
  return Array.from({ length: count }, (_, n) => ({
    cid: cid(offset + n),
    metric,
    direction: 'maximize' as const,
    value: -n,
    tags: [],
  }))
}

test('dimensions share a digest fairly, each with its best', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 150 }), { minLength: 1, maxLength: 40 }),
      (sizes) => {
        const entries = sizes.flatMap((size, index) => dimension(`m${index}`, size))
        const digest = digestFrom(entries, roomy)
        assert.equal(digest.length, Math.min(100, entries.length))
        const counts = sizes.map(
          (_, index) => digest.filter((entry) => entry.metric === `m${index}`).length,
        )
        sizes.forEach((size, index) => {
          const count = counts[index]!
          assert.ok(
            count === size || counts.every((other) => other <= count + 1),
            `${sizes} → ${counts}`,
          )
          const values = digest
            .filter((entry) => entry.metric === `m${index}`)
            .map((entry) => entry.value)
          assert.deepEqual(
            values,
            dimension('', count).map((entry) => entry.value),
          )
        })
        assert.ok(digest.every((entry) => entry.direction === 'maximize'))
      },
    ),
    { seed: 1 },
  )
})

test('if there are more dimensions than room, all of them take turns', () => {
  const entries = Array.from({ length: 250 }, (_, n) => dimension(`m${n}`, 3)).flat()

  const said = [0, 1, 2].flatMap((turn) =>
    digestFrom(entries, { ...roomy, turn }).map((entry) => entry.metric),
  )

  assert.equal(new Set(said).size, 250)
})

test('a digest that is too large drops tags first, and then entries', () => {
  const tagged = dimension('m', 100).map((entry) => ({
    ...entry,
    tags: ['a tag of some length', 'é'.repeat(200)],
  }))
  const whole = Buffer.byteLength(JSON.stringify(digestFrom(tagged, roomy)))

  const less = digestFrom(tagged, { maxBytes: whole - 1_000, turn: 0 })
  const least = digestFrom(tagged, { maxBytes: 5_000, turn: 0 })

  assert.equal(less.length, 100)
  assert.ok(less[0]?.tags && !less[99]?.tags)
  assert.ok(Buffer.byteLength(JSON.stringify(less)) <= whole - 1_000)
  assert.ok(least.length > 20 && least.every((entry) => entry.tags === undefined))
  assert.ok(Buffer.byteLength(JSON.stringify(least)) <= 5_001)
})

test('names and tags that the wire refuses are not sent', () => {
  const entries = [
    { ...work(1, 0.5), metric: 'm'.repeat(257) },
    { ...work(2, 0.5), tags: ['t'.repeat(257), 'kept'] },
  ]

  const digest = digestFrom(entries, roomy)

  assert.deepEqual(
    digest.map((entry) => digestEntrySchema.parse(entry)),
    [{ cid: cid(2), metric: 'val_bpb', value: 0.5, direction: 'minimize', tags: ['kept'] }],
  )
})

test('a manifest contradicts advertisements of scores, never of signals', () => {
  const manifest: Manifest = {
    manifestVersion: 1,
    kind: 'work',
    mode: 'evaluation',
    summary: 's',
    artifacts: {},
    relations: [],
    tags: [],
    agent: { agentId: 'a' },
    createdAt: '2026-11-23T00:00:00.000Z',
    scores: { val_bpb: { value: 0.9, direction: 'minimize' } },
  }

  assert.equal(
    contradicts(manifest, { metric: 'val_bpb', value: 0.9, direction: 'minimize' }),
    false,
  )
  assert.equal(
    contradicts(manifest, { metric: 'val_bpb', value: 0.8, direction: 'minimize' }),
    true,
  )
  assert.equal(
    contradicts(manifest, { metric: 'val_bpb', value: 0.9, direction: 'maximize' }),
    true,
  )
  assert.equal(
    contradicts(manifest, { metric: 'toString', value: 0.9, direction: 'maximize' }),
    true,
  )
  assert.equal(
    contradicts(manifest, { metric: '_adoption', value: 7, direction: 'maximize' }),
    false,
  )
})

test('dimensions are in the order of their names, whatever metrics come and go', () => {
  const random = seeded(7)
  const frontier = new LocalFrontier()
  const held = new Set<string>()
  for (let step = 0; step < 300; step++) {
    const told = Array.from({ length: 1 + below(random, 6) }, () => `m${below(random, 40)}`)
    const kept = [...new Set(told)].filter(() => below(random, 3) > 0)
    for (const metric of told) held.delete(metric)
    for (const metric of kept) held.add(metric)

    const entries = kept.map((metric, n) => ({ ...work(n, step), metric }))
    frontier.set(entries, told)

    const names = frontier.dimensions.map(([first]) => first?.metric)
    assert.deepEqual(names, [...held].sort(compareText))
  }
})
