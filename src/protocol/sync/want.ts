import { evictOldest } from '../../concurrency/bounded.ts'
import type { Cid } from '../../core/cid.ts'
import type { Kind } from '../../core/contribution/schema.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { Policy } from '../../core/policy.ts'
import { comparePlaces, dimensionKey, type Place, reaches } from '../../core/ranking/frontier.ts'
import { byDimension, interleave } from '../gossip/digest.ts'
import type { Basis } from '../messages.ts'

/** An item that some peer claims a place for; without providers, the place that it has here. */
export interface Candidate extends Place, Basis {
  readonly tags?: readonly string[]
  readonly kind?: Kind
  /** A fingerprint of what is said about it where it is offered; see `evidenceMark`. */
  readonly evidence?: string
  /** All artifacts together, where the peer said so. */
  readonly artifactBytes?: number
  /** Whom to ask, the likeliest first. */
  readonly providers: readonly PeerAddress[]
}

/** An item to fetch, and the place that earned it that. */
export interface Want extends Place {
  readonly providers: readonly PeerAddress[]
  readonly artifactBytes: number | undefined
}

/** Why a candidate is not fetched this round. A refusal's own reason travels as it was given. */
export interface Skipped {
  readonly cid: Cid
  readonly reason: string
}

export interface Plan {
  readonly wants: Want[]
  readonly skipped: Skipped[]
}

export interface Refusal {
  readonly cid: Cid
  readonly reason: string
  /** Unix ms. */
  readonly until: number
}

/** First wait after a failed fetch, doubled with each further one up to the longest. */
const RETRY_FIRST_MS = 5_000
const RETRY_LONGEST_MS = 60 * 60 * 1_000
/** How long an item rests whose failure no repetition will mend. */
const HOPELESS_MS = 24 * 60 * 60 * 1_000
/** Items remembered as failed, and as refused: beyond that the oldest are forgotten and may be tried again. */
const ATTEMPTS_MAX = 4_096

interface Attempt {
  readonly failures: number
  /** Both Unix ms. */
  readonly since: number
  readonly until: number
}

/** What is to be fetched, and the memory of what was tried: back-off, and refusals with reason and expiry (BEHAVIOUR.md#back-off). */
export class Wants {
  readonly #attempts = new Map<Cid, Attempt>()
  readonly #refusals = new Map<Cid, Refusal>()
  readonly #underWay = new Set<Cid>()

  /**
   * Which of the candidates to fetch, in order: best first, dimensions taking turns, and in them the peers, each cid
   * once. What is held counts towards the top k of its dimension, at the place that it has here, whatever others claim
   * of it; that of `partial` is fetched all the same. What rests takes nobody's place. O(n log n).
   */
  plan(
    candidates: readonly Candidate[],
    {
      policy,
      held,
      partial,
      now,
    }: { policy: Policy; held: ReadonlySet<Cid>; partial?: ReadonlySet<Cid>; now: number },
  ): Plan {
    const reasons = new Map<Cid, string>()
    const reasonAgainst = (candidate: Candidate) =>
      policyReason(candidate, policy) ??
      (held.has(candidate.cid) ? undefined : obstacle(candidate, policy))
    const open = asHeld(candidates, held)
      .map((candidate) => notInTheFuture(candidate, now))
      .filter((candidate) => noteReason(reasons, candidate.cid, reasonAgainst(candidate)))
    const awake = open.filter(
      ({ cid }) => held.has(cid) || noteReason(reasons, cid, this.#restReason(cid, now)),
    )
    const ranked = [...byDimension(distinct(awake)).values()].map((places) => {
      const best = bestOfEach(places, held, policy.topK)
      const chosen = new Set<Place>(best)
      for (const place of places) if (!chosen.has(place)) noteReason(reasons, place.cid, 'top-k')
      return best
    })
    const merged = mergeByCid(interleave(ranked, candidates.length))
    const isWanted = (want: Want) =>
      !held.has(want.cid) || (partial?.has(want.cid) === true && want.providers.length > 0)
    const ready = merged.filter(
      (want) => isWanted(want) && noteReason(reasons, want.cid, this.#restReason(want.cid, now)),
    )
    const wants = withinBudget(inTurns(ready), policy, reasons)
    const wanted = new Set(wants.map(({ cid }) => cid))
    const left = [...reasons].filter(([cid]) => !wanted.has(cid) && !held.has(cid))
    return { wants, skipped: left.map(([cid, reason]) => ({ cid, reason })) }
  }

  /** Begins a fetch: at most one of an item at a time, and none while it rests. Whoever begins it calls `ended`. */
  begin(cid: Cid, now: number): boolean {
    if (this.#restReason(cid, now) !== undefined) return false
    this.#underWay.add(cid)
    return true
  }

  ended(cid: Cid): void {
    this.#underWay.delete(cid)
  }

  /** Notes a failed fetch: the item rests, longer each time. */
  failed(cid: Cid, now: number, retryable: boolean): void {
    const failures = (this.#attempts.get(cid)?.failures ?? 0) + 1
    const rest = retryable
      ? Math.min(RETRY_FIRST_MS * 2 ** Math.min(failures - 1, 20), RETRY_LONGEST_MS)
      : HOPELESS_MS
    this.#attempts.delete(cid)
    this.#attempts.set(cid, { failures, since: now, until: now + rest })
    evictOldest(this.#attempts, ATTEMPTS_MAX)
  }

  /** Not to be fetched before `until` (Unix ms), for this reason (blocked, evicted, too large, …). */
  refuse(cid: Cid, reason: string, until: number): void {
    this.#refusals.delete(cid)
    this.#refusals.set(cid, { cid, reason, until })
    evictOldest(this.#refusals, ATTEMPTS_MAX)
  }

  /** Forgets what was noted of an item: it is here now, or wanted in earnest. */
  settled(cid: Cid): void {
    this.#attempts.delete(cid)
    this.#refusals.delete(cid)
  }

  /** The refusals in force. */
  refusals(now: number): Refusal[] {
    for (const refusal of this.#refusals.values())
      if (refusal.until <= now) this.#refusals.delete(refusal.cid)
    return [...this.#refusals.values()]
  }

  #restReason(cid: Cid, now: number): string | undefined {
    if (this.#underWay.has(cid)) return 'under-way'
    const refusal = this.#refusals.get(cid)
    if (refusal !== undefined && refusal.until > now) return refusal.reason
    const attempt = this.#attempts.get(cid)
    // A clock that was set back must not make the rest longer.
    return attempt !== undefined && attempt.until > now && attempt.since <= now
      ? 'backing-off'
      : undefined
  }
}

/**
 * The candidates with what is held taken at its own value: a claim about it only adds who has it. What others claim in a dimension
 * in which it has no place here is dropped.
 */
function asHeld(candidates: readonly Candidate[], held: ReadonlySet<Cid>): Candidate[] {
  const own = new Map<string, Candidate>()
  for (const candidate of candidates)
    if (candidate.providers.length === 0)
      own.set(`${candidate.cid} ${dimensionKey(candidate)}`, candidate)
  return candidates.flatMap((candidate) => {
    if (!held.has(candidate.cid) || candidate.providers.length === 0) return [candidate]
    const place = own.get(`${candidate.cid} ${dimensionKey(candidate)}`)
    return place === undefined ? [] : [{ ...candidate, value: place.value }]
  })
}

/** Nobody is more recent than now: a date in the future gains nothing (PROTOCOL.md#ranking). */
function notInTheFuture(candidate: Candidate, now: number): Candidate {
  return candidate.metric === '_recency' && candidate.value > now
    ? { ...candidate, value: now }
    : candidate
}

function policyReason(
  { metric, direction, value, tags, kind }: Candidate,
  policy: Policy,
): string | undefined {
  if (policy.scope === 'off') return 'off'
  if (policy.dimensions !== undefined && !policy.dimensions.includes(metric)) return 'dimension'
  const threshold = Object.hasOwn(policy.thresholds, metric) ? policy.thresholds[metric] : undefined
  if (threshold !== undefined && !reaches(direction, value, threshold)) return 'threshold'
  if (policy.tags !== undefined && !policy.tags.some((tag) => tags?.includes(tag))) return 'tags'
  if (policy.kinds !== undefined && kind !== undefined && !policy.kinds.includes(kind))
    return 'kind'
  return undefined
}

function obstacle({ artifactBytes, providers }: Candidate, policy: Policy): string | undefined {
  if (artifactBytes !== undefined && artifactBytes > policy.maxArtifactBytes) return 'too-large'
  return providers.length === 0 ? 'no-provider' : undefined
}

/** Whether there is no reason against; the last reason for each cid is kept. */
function noteReason(reasons: Map<Cid, string>, cid: Cid, reason: string | undefined): boolean {
  if (reason !== undefined) reasons.set(cid, reason)
  return reason === undefined
}

/**
 * Of places in their order, the best `topK` that are held or that one peer offers, peers taking turns. Each peer has its
 * own count, so that no peer's inventions crowd out what others really have, nor what is said in a peer's name what it says itself.
 */
function bestOfEach(places: readonly Offered[], held: ReadonlySet<Cid>, topK: number): Candidate[] {
  const offered = new Map<string, number>()
  const chosen: { place: Candidate; turn: number }[] = []
  let heldSoFar = 0
  for (const place of places) {
    if (held.has(place.cid)) {
      if (heldSoFar < topK) chosen.push({ place, turn: heldSoFar })
      heldSoFar += 1
      continue
    }
    const turn = Math.min(...place.by.map((name) => offered.get(name) ?? 0))
    if (heldSoFar + turn >= topK) continue
    for (const name of place.by) offered.set(name, (offered.get(name) ?? 0) + 1)
    chosen.push({ place, turn })
  }
  return chosen.sort((a, b) => a.turn - b.turn).map(({ place }) => place)
}

/** Reordered so that peers take turns, each at its address: what one offers in very many dimensions holds up nobody else's. */
function inTurns(wants: readonly Want[]): Want[] {
  const offered = new Map<string, number>()
  const turns = wants.map((want) => {
    const addresses = want.providers.map(({ address }) => address)
    const turn = Math.min(...addresses.map((address) => offered.get(address) ?? 0))
    for (const address of addresses) offered.set(address, (offered.get(address) ?? 0) + 1)
    return { want, turn }
  })
  return turns.sort((a, b) => a.turn - b.turn).map(({ want }) => want)
}

/** A candidate and who offers it: the addresses of the providers, hearsay apart. */
interface Offered extends Candidate {
  readonly by: readonly string[]
}

/** One candidate a place, with the providers of all that claim it. */
function distinct(candidates: readonly Candidate[]): Offered[] {
  const byPlace = new Map<string, Offered>()
  for (const candidate of candidates) {
    const key = `${candidate.cid} ${dimensionKey(candidate)}`
    const by = candidate.providers.map(({ address }) =>
      candidate.unauthenticated === true ? `~${address}` : address,
    )
    const known = byPlace.get(key)
    byPlace.set(
      key,
      known === undefined ? { ...candidate, by } : joined(known, { ...candidate, by }),
    )
  }
  return [...byPlace.values()]
}

function joined(a: Offered, b: Offered): Offered {
  const [better, other] = comparePlaces(a, b) <= 0 ? [a, b] : [b, a]
  const providers = new Map(
    [...better.providers, ...other.providers].map((provider) => [provider.address, provider]),
  )
  return {
    ...other,
    ...better,
    providers: [...providers.values()],
    by: [...new Set([...better.by, ...other.by])],
  }
}

function mergeByCid(candidates: readonly Candidate[]): Want[] {
  const byCid = new Map<Cid, Map<string, PeerAddress>>()
  const first: Candidate[] = []
  for (const candidate of candidates) {
    const known = byCid.get(candidate.cid)
    if (known === undefined) first.push(candidate)
    const providers = known ?? new Map<string, PeerAddress>()
    byCid.set(candidate.cid, providers)
    for (const provider of candidate.providers)
      if (!providers.has(provider.address)) providers.set(provider.address, provider)
  }
  return first.map(({ cid, metric, direction, value, artifactBytes }) => ({
    cid,
    metric,
    direction,
    value,
    artifactBytes,
    providers: [...(byCid.get(cid)?.values() ?? [])],
  }))
}

/** The first that fit the round's requests and bytes; a large one that doesn't fit lets smaller ones pass. */
function withinBudget(wants: readonly Want[], policy: Policy, reasons: Map<Cid, string>): Want[] {
  let bytes = 0
  let requests = 0
  return wants.filter((want) => {
    const size = want.artifactBytes ?? 0
    const fits = requests < policy.maxRequestsPerRound && bytes + size <= policy.maxBytesPerRound
    if (!noteReason(reasons, want.cid, fits ? undefined : 'budget')) return false
    bytes += size
    requests += 1
    return true
  })
}
