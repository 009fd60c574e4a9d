import { below } from '../../src/core/random.ts'
import type { LocalEntry } from '../../src/core/ranking/frontier.ts'
import type { Setting } from './overlay.ts'
import { round } from './spread.ts'
import type { Row } from './table.ts'
import { type Grove, INTERVAL_MS, World, work } from './world.ts'

const METRICS = 5
const DEPTH = 20
/** Rounds in which groves find each other and digests settle, and rounds that are measured. */
const SETTLING_ROUNDS = 30
const MEASURED_ROUNDS = 10

/**
 * Bytes of JSON a round and link while nothing changes, with equal digests and with different ones.
 */
export function idle({ n, seed, loss, view = 'cyclon' }: Setting): Row[] {
  const few = Math.min(n, 11)
  return [
    idleRow('equal', new World({ count: n, seed, loss, bytes: true, sampling: view })),
    idleRow(
      'all different',
      new World({
        count: few,
        seed,
        loss,
        bytes: true,
        sampling: view,
        wants: ({ metric }) => metric !== '_recency',
      }),
    ),
    idleRow(
      'all different',
      new World({
        count: n,
        seed,
        loss,
        bytes: true,
        sampling: view,
        wants: ({ metric }) => metric !== '_recency',
      }),
    ),
  ]
}

function idleRow(digests: string, world: World): Row {
  const shared = Array.from({ length: METRICS * DEPTH }, (_, index) =>
    work(index, `metric_${index % METRICS}`),
  )
  for (const [index, grove] of world.groves.entries()) {
    world.store(grove, ...shared, ...(digests === 'equal' ? [] : [recent(index)]))
  }
  world.runRounds(SETTLING_ROUNDS)
  world.tally.reset()
  world.runRounds(MEASURED_ROUNDS)
  const { exchanges, requestBytes, answerBytes, shuffles, shuffleBytes } = world.tally
  const { samples, sampleBytes } = world.tally
  const perRound = (count: number) => count / world.groves.length / MEASURED_ROUNDS
  return {
    digests,
    groves: world.groves.length,
    loss: world.options.loss,
    entries: Math.min(100, shared.length + Number(digests !== 'equal')),
    exchangesARound: round(perRound(exchanges), 2),
    bytesThere: Math.round(requestBytes / exchanges),
    bytesBack: Math.round(answerBytes / exchanges),
    ...(shuffles > 0 && { shuffleBytes: Math.round(shuffleBytes / shuffles) }),
    ...(samples > 0 && {
      samplesARound: round(perRound(samples), 2),
      sampleBytesARound: Math.round(perRound(sampleBytes)),
    }),
  }
}

/** What only this grove holds: others don't fetch it. */
function recent(index: number): LocalEntry {
  return { ...work(10_000 + index, '_recency'), direction: 'maximize', value: 1_000 + index }
}

const PUBLICATIONS = 20

/**
 * What announcements cost for each grove that they reach: one item a round, published somewhere
 * at random.
 */
export function redundancy({ n, seed, loss, view = 'cyclon' }: Setting): Row[] {
  const world = new World({ count: n, seed, loss, bytes: true, sampling: view })
  world.runRounds(10)
  world.tally.reset()
  let delivered = 0
  for (let index = 0; index < PUBLICATIONS; index += 1) {
    const publisher: Grove = world.groves[below(world.rng, n)]!
    world.store(publisher, work(index))
    world.timeline.runUntil(world.now + INTERVAL_MS)
    delivered += Math.round(world.knowing(work(index).cid) * n) - 1
  }
  const { announcements, announcementBytes, entries, duplicates, ids } = world.tally
  return [
    {
      groves: n,
      loss,
      reached: round(delivered / PUBLICATIONS / (n - 1), 4),
      entries: round(entries / delivered, 3),
      duplicates: round(duplicates / delivered, 3),
      ids: round(ids / delivered, 2),
      messages: round(announcements / delivered, 2),
      bytes: Math.round(announcementBytes / delivered),
    },
  ]
}
