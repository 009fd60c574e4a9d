/**
 * Time in which half the cost of a proved lie (a contradicted advertisement, wrong bytes) is
 * forgiven. A day: no repair takes much longer to show.
 */
export const LIE_HALF_LIFE_MS = 24 * 60 * 60 * 1_000
/** The same for a failure that may have been a network's doing: it only puts a peer behind the others for a while. */
export const FAILURE_HALF_LIFE_MS = 5 * 60 * 1_000

/** Good deeds beyond so many add nothing: nobody earns the right to lie. */
const GOOD_MAX = 20
/** Bytes that weigh as much as one confirmed advertisement. */
const GOOD_BYTES = 1024 * 1024
/** Lies and failures beyond so many weigh no more, so that whoever mends comes back within days, and within the hour. */
const LIES_MAX = 8
const FAILURES_MAX = 64
/** Two scores nearer than this are equal where peers are ordered. */
const STEP = 1 / 20

/** Something held against a peer that fades: how much it weighed at a moment (Unix ms). */
export interface DecayingCounter {
  readonly weight: number
  readonly at: number
}

const NOTHING: DecayingCounter = { weight: 0, at: 0 }

/** What a peer has done, as far as it counts for its score. */
export interface PeerStats {
  readonly confirmed: number
  readonly bytesGood: number
  readonly lies: DecayingCounter
  readonly failures: DecayingCounter
}

export const NO_STATS: PeerStats = { confirmed: 0, bytesGood: 0, lies: NOTHING, failures: NOTHING }

/** One more lie at this moment. */
export function withLie(stats: PeerStats, now: number): PeerStats {
  return {
    ...stats,
    lies: oneMore(stats.lies, { now, halfLifeMs: LIE_HALF_LIFE_MS, most: LIES_MAX }),
  }
}

/** One more failure at this moment. */
export function withFailure(stats: PeerStats, now: number): PeerStats {
  return {
    ...stats,
    failures: oneMore(stats.failures, {
      now,
      halfLifeMs: FAILURE_HALF_LIFE_MS,
      most: FAILURES_MAX,
    }),
  }
}

/**
 * How far a peer is to be preferred, from 0 to 1: (1 + good) / (2 + good + failures), the mean of a Beta(1, 1) prior after those
 * deeds, halved by each lie that has not faded. Of an unknown peer it is 1/2; one fresh lie puts the best of peers below that. More
 * lies or failures never raise it, and time alone never lowers it: what is good does not fade.
 */
export function trustOf({ confirmed, bytesGood, lies, failures }: PeerStats, now: number): number {
  const good = Math.min(GOOD_MAX, confirmed + bytesGood / GOOD_BYTES)
  const failed = weightOf(failures, now, FAILURE_HALF_LIFE_MS)
  return ((1 + good) / (2 + good + failed)) * 2 ** -weightOf(lies, now, LIE_HALF_LIFE_MS)
}

/** The place of a score among others, in coarse steps: what differs by less is no reason to prefer a peer. */
export function trustStep(trust: number): number {
  return Math.round(trust / STEP)
}

/** What is left of it. A clock that was set back makes nothing heavier. */
function weightOf({ weight, at }: DecayingCounter, now: number, halfLifeMs: number): number {
  return weight * 2 ** -(Math.max(0, now - at) / halfLifeMs)
}

function oneMore(
  before: DecayingCounter,
  { now, halfLifeMs, most }: { now: number; halfLifeMs: number; most: number },
): DecayingCounter {
  return { weight: Math.min(most, weightOf(before, now, halfLifeMs) + 1), at: now }
}
