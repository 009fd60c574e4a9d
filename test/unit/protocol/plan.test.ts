import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Cid } from '../../../src/core/cid.ts'
import { defaultPolicy, type Policy } from '../../../src/core/policy.ts'
import { type Offer, type PlanInput, planWants } from '../../../src/protocol/sync/plan.ts'
import { cid, peer, START, work } from './network.ts'

const offer = (n: number, value: number, more: Partial<Offer> = {}): Offer => ({
  cid: cid(n),
  metric: 'val_bpb',
  direction: 'minimize',
  value,
  from: peer(1),
  ...more,
})

interface Situation
  extends Partial<Pick<PlanInput, 'local' | 'reasonToWait' | 'hostOf' | 'isProven'>> {
  readonly held?: readonly Cid[]
}

/** A plan, and in how many steps it was made. */
function planned(
  offers: readonly Offer[],
  policy: Partial<Policy> = {},
  { held = [], local = [], reasonToWait = () => undefined, ...hosts }: Situation = {},
) {
  const steps = planWants({
    offers,
    local,
    held: new Set(held),
    policy: { ...defaultPolicy, ...policy },
    reasonToWait,
    ...hosts,
    now: START,
  })
  let count = 0
  for (;;) {
    const { done, value } = steps.next()
    if (done === true) return { plan: value, steps: count }
    count++
  }
}

const plan = (...situation: Parameters<typeof planned>) => planned(...situation).plan

const ids = (wants: readonly { cid: Cid }[]) =>
  wants.map((want) => Number.parseInt(want.cid.slice(-4), 16))
const reasons = (skipped: readonly { cid: Cid; reason: string }[]) =>
  Object.fromEntries(
    skipped.map(({ cid: id, reason }) => [Number.parseInt(id.slice(-4), 16), reason]),
  )

test('the best come first, each cid once, and dimensions take turns', () => {
  const speed = { metric: 'speed', direction: 'maximize' as const }

  const { wants } = plan([
    offer(1, 0.9),
    offer(2, 0.8),
    offer(3, 0.7),
    offer(4, 10, speed),
    offer(3, 99, { ...speed, from: peer(2) }),
  ])

  assert.deepEqual(ids(wants), [3, 2, 4, 1])
  assert.deepEqual(wants[0]?.providers, [peer(1), peer(2)])
})

test('a policy chooses by dimension, threshold, tags and kinds', () => {
  const policy: Partial<Policy> = {
    dimensions: ['val_bpb'],
    thresholds: { val_bpb: 0.8 },
    tags: ['lm'],
    kinds: ['work'],
  }
  const tagged = { tags: ['lm', 'x'] }

  const { wants, skipped } = plan(
    [
      offer(1, 0.8, tagged),
      offer(2, 0.81, tagged),
      offer(3, 0.5),
      offer(4, 0.5, { ...tagged, kind: 'review' }),
      offer(5, 0.5, { ...tagged, metric: 'speed' }),
      offer(6, 0.5, { ...tagged, kind: 'work' }),
    ],
    policy,
  )

  assert.deepEqual(ids(wants), [6, 1])
  assert.deepEqual(reasons(skipped), { 2: 'threshold', 3: 'tags', 4: 'kind', 5: 'dimension' })
})

test('held items count towards the top k, and are not wanted again', () => {
  const { wants, skipped } = plan(
    [offer(2, 0.2), offer(3, 0.3)],
    { topK: 2 },
    { held: [cid(1)], local: [work(1, 0.1)] },
  )

  assert.deepEqual(ids(wants), [2])
  assert.deepEqual(reasons(skipped), { 3: 'top-k' })
})

test('limits of size and the budgets of a round are kept', () => {
  const { wants, skipped } = plan(
    [
      offer(1, 0.1, { artifactBytes: 101 }),
      offer(2, 0.2, { artifactBytes: 90 }),
      offer(3, 0.3, { artifactBytes: 50 }),
      offer(4, 0.4, { artifactBytes: 10 }),
      offer(5, 0.5),
    ],
    { maxArtifactBytes: 100, maxBytesPerRound: 100, maxRequestsPerRound: 2 },
    { local: [work(6, 0.6)] },
  )

  assert.deepEqual(ids(wants), [2, 4])
  assert.deepEqual(reasons(skipped), { 1: 'too-large', 3: 'budget', 5: 'budget', 6: 'no-provider' })
})

test('with scope off nothing is wanted', () => {
  assert.deepEqual(plan([offer(1, 0.1)], { scope: 'off' }), {
    wants: [],
    skipped: [{ cid: cid(1), reason: 'off' }],
  })
})

test('an item in back-off takes no place in the top k, and its reason is given', () => {
  const reasonToWait = (id: Cid) => (id === cid(1) ? 'backing-off' : undefined)

  const { wants, skipped } = plan([offer(1, 0.1), offer(2, 0.2)], { topK: 1 }, { reasonToWait })

  assert.deepEqual(ids(wants), [2])
  assert.deepEqual(reasons(skipped), { 1: 'backing-off' })
})

test("unauthenticated offers in a peer's name take no places from its own", () => {
  const unauthenticated = Array.from({ length: 20 }, (_, n) =>
    offer(100 + n, 0.01, { unauthenticated: true }),
  )
  const local = Array.from({ length: 2 }, (_, n) => work(200 + n, 0.1))
  const held = [cid(200), cid(201)]

  const { wants } = plan([...unauthenticated, offer(1, 0.5)], { topK: 3 }, { held, local })

  assert.ok(ids(wants).includes(1))
})

test('advertisements of a held item do not change its place', () => {
  const local = [work(1, 0.4), work(2, 0.5)]
  const lies = [offer(2, 0.01), offer(3, 0.01)]
  const held = [cid(1), cid(2), cid(3)]

  const { wants, skipped } = plan([...lies, offer(4, 0.45)], { topK: 2 }, { held, local })

  assert.deepEqual(ids(wants), [4])
  assert.deepEqual(skipped, [])
})

test('a date in the future ranks as now', () => {
  const recency = { metric: '_recency', direction: 'maximize' as const }
  const far = offer(2, START * 2, recency)

  const { wants } = plan([far, offer(1, START, recency)])

  assert.deepEqual(ids(wants), [1, 2])
  assert.equal(wants[1]?.value, START)
})

test('offers of who has brought what it offered go before inventions, however good', () => {
  const inventions = Array.from({ length: 5 }, (_, n) => offer(10 + n, 0.1, { from: peer(2) }))
  const inHonestName = offer(9, 0.05, { unauthenticated: true })
  const isProven = (host: string) => host === peer(1).address

  const { wants } = plan(
    [...inventions, inHonestName, offer(1, 0.9)],
    { maxRequestsPerRound: 3 },
    { isProven },
  )

  assert.equal(ids(wants)[0], 1)
  assert.equal(wants.length, 3)
})

test('addresses of one host share its turns and its top-k', () => {
  const inventions = Array.from({ length: 6 }, (_, n) => offer(10 + n, 0.1, { from: peer(2 + n) }))
  const hostOf = (address: string) => (address === peer(1).address ? 'honest' : 'inventor')

  const { wants } = plan([...inventions, offer(1, 0.9)], { topK: 2 }, { hostOf })

  assert.deepEqual(ids(wants).slice(0, 2), [10, 1])
  assert.equal(wants.length, 3)
})

test('tens of thousands of offers are planned in steps of a few hundred', () => {
  const offers = Array.from({ length: 20_000 }, (_, n) => offer(n, n, { from: peer(n % 8) }))

  const { steps } = planned(offers)

  assert.ok(steps >= (3 * offers.length) / 300, `${steps} steps`)
})
