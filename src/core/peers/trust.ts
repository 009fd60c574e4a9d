/**
 * Half-life of a lie (a contradicted advertisement, wrong bytes). A peer that is repaired regains
 * its trust within days.
 */
export const LIE_HALF_LIFE_MS = 24 * 60 * 60 * 1_000
/**
 * Half-life of a failure. The network may have caused it, so that it puts a peer behind others only
 * for a while.
 */
export const FAILURE_HALF_LIFE_MS = 5 * 60 * 1_000

/** The most good that counts, in confirmed advertisements: no peer can earn the right to lie. */
const GOOD_MAX = 20
/** Good bytes that weigh as much as one confirmed advertisement. */
const GOOD_BYTES = 1024 * 1024
/**
 * Right bytes that forgive a wrong one. A line that changes some bytes makes no liar of an honest
 * peer, whose other answers soon come to that; who sends a fifth of its bytes wrong is never even.
 */
export const RIGHT_FOR_WRONG = 4
/** The most lies that count: a peer that stops lying regains its trust within days. */
const LIES_MAX = 8
/** The most failures that count: a peer that is back regains its trust within the hour. */
const FAILURES_MAX = 64
/** Peers whose trust differs by less are equal when peers are ordered. */
const STEP = 1 / 20

/** A count that decays: its weight at the moment `at` (Unix ms). */
export interface DecayingCounter {
  readonly weight: number
  readonly at: number
}

const NOTHING: DecayingCounter = { weight: 0, at: 0 }

/** What a peer has done, as far as its trust depends on it. */
export interface PeerStats {
  readonly confirmed: number
  readonly bytesGood: number
  readonly lies: DecayingCounter
  /** Answers with wrong bytes that right ones have not made up for. They weigh as lies do. */
  readonly wrong: DecayingCounter
  readonly failures: DecayingCounter
  /** Failures that say only that no grove answered there: the next answer disproves them. */
  readonly silences: DecayingCounter
}

/** The stats of an unknown peer. */
export const NO_STATS: PeerStats = {
  confirmed: 0,
  bytesGood: 0,
  lies: NOTHING,
  wrong: NOTHING,
  failures: NOTHING,
  silences: NOTHING,
}

/** The stats with one more lie at this moment (Unix ms). */
export function withLie(stats: PeerStats, now: number): PeerStats {
  return { ...stats, lies: oneMoreLie(stats.lies, now) }
}

/** The stats with one more answer of wrong bytes at this moment (Unix ms). */
export function withWrongBytes(stats: PeerStats, now: number): PeerStats {
  return { ...stats, wrong: oneMoreLie(stats.wrong, now) }
}

/** The stats with one more failure at this moment (Unix ms). */
export function withFailure(stats: PeerStats, now: number): PeerStats {
  return { ...stats, failures: oneMoreFailure(stats.failures, now) }
}

/** The stats with one more silence at this moment (Unix ms). */
export function withSilence(stats: PeerStats, now: number): PeerStats {
  return { ...stats, silences: oneMoreFailure(stats.silences, now) }
}

/**
 * The trust in a peer at a moment (Unix ms), from 0 to 1: (1 + good) / (2 + good + failures), which
 * is the mean of a Beta(1, 1) prior after that evidence, halved for each lie. Lies and failures
 * decay, good does not, so that time alone never lowers it. An unknown peer has 1/2; one fresh lie
 * puts even the best peer below that.
 */
export function trustOf(stats: PeerStats, now: number): number {
  const { confirmed, bytesGood, lies, wrong, failures, silences } = stats
  const good = Math.min(GOOD_MAX, confirmed + bytesGood / GOOD_BYTES)
  const failed =
    weightOf(failures, now, FAILURE_HALF_LIFE_MS) + weightOf(silences, now, FAILURE_HALF_LIFE_MS)
  const lied = weightOf(lies, now, LIE_HALF_LIFE_MS) + weightOf(wrong, now, LIE_HALF_LIFE_MS)
  return ((1 + good) / (2 + good + failed)) * 2 ** -lied
}

/** Trust in coarse steps, by which peers are ordered: smaller differences don't matter. */
export function trustStep(trust: number): number {
  return Math.round(trust / STEP)
}

/** The weight that is left now. It doesn't grow if the clock was set back. */
function weightOf({ weight, at }: DecayingCounter, now: number, halfLifeMs: number): number {
  return weight * 2 ** -(Math.max(0, now - at) / halfLifeMs)
}

const oneMoreLie = (before: DecayingCounter, now: number): DecayingCounter =>
  oneMore(before, { now, halfLifeMs: LIE_HALF_LIFE_MS, most: LIES_MAX })

const oneMoreFailure = (before: DecayingCounter, now: number): DecayingCounter =>
  oneMore(before, { now, halfLifeMs: FAILURE_HALF_LIFE_MS, most: FAILURES_MAX })

function oneMore(
  before: DecayingCounter,
  { now, halfLifeMs, most }: { now: number; halfLifeMs: number; most: number },
): DecayingCounter {
  return { weight: Math.min(most, weightOf(before, now, halfLifeMs) + 1), at: now }
}
