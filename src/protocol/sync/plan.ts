import type { Cid } from '../../core/cid.ts'
import type { Kind } from '../../core/contribution/schema.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import { type Policy, reasonAgainst } from '../../core/policy.ts'
import { comparePlaces, dimensionKey, type Place } from '../../core/ranking/frontier.ts'
import { byDimension, interleave } from '../gossip/digest.ts'
import type { Basis } from '../messages.ts'

/** An item that some peer advertises a place of; without providers, the place that it has here. */
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

export interface PlanInput {
  readonly policy: Policy
  readonly held: ReadonlySet<Cid>
  /** Those of `held` some of whose artifacts are missing: they are fetched all the same. */
  readonly partial?: ReadonlySet<Cid>
  /** Why an item may not be fetched now: it is under way, refused or backing off. */
  readonly reasonToWait: (cid: Cid) => string | undefined
  readonly now: number
}

/**
 * Which of the candidates to fetch, in order: best first, dimensions taking turns, and in them the peers, each cid once.
 * What is held counts towards the top k of its dimension, at the place that it has here, whatever others say of it. Items
 * that have to wait don't use up places of the top k. O(n log n).
 */
export function planWants(candidates: readonly Candidate[], input: PlanInput): Plan {
  const { policy, held, partial, reasonToWait, now } = input
  const leftOut = new LeftOut()
  const current = asHeld(candidates, held).map((candidate) => notInTheFuture(candidate, now))
  const open = leftOut.sift(current, (candidate) => objection(candidate, input))
  const awake = leftOut.sift(open, ({ cid }) => (held.has(cid) ? undefined : reasonToWait(cid)))
  const ranked = [...byDimension(mergeByPlace(awake)).values()].map((places) => {
    const best = bestOfEach(places, held, policy.topK)
    const chosen = new Set<Place>(best)
    leftOut.sift(places, (place) => (chosen.has(place) ? undefined : 'top-k'))
    return best
  })
  const missing = mergeByCid(interleave(ranked, candidates.length)).filter(
    ({ cid, providers }) => !held.has(cid) || (partial?.has(cid) === true && providers.length > 0),
  )
  const ready = leftOut.sift(missing, ({ cid }) => reasonToWait(cid))
  const wants = leftOut.sift(inTurns(ready), budgetOf(policy))
  const wanted = new Set(wants.map(({ cid }) => cid))
  return { wants, skipped: leftOut.list().filter(({ cid }) => !wanted.has(cid) && !held.has(cid)) }
}

/** The items that are not fetched, each with the last reason given. */
class LeftOut {
  readonly #reasons = new Map<Cid, string>()

  /** The items without a reason against them; the reasons against the others are kept. */
  sift<T extends Place>(items: readonly T[], reasonOf: (item: T) => string | undefined): T[] {
    const left: T[] = []
    for (const item of items) {
      const reason = reasonOf(item)
      if (reason === undefined) left.push(item)
      else this.#reasons.set(item.cid, reason)
    }
    return left
  }

  list(): Skipped[] {
    return [...this.#reasons].map(([cid, reason]) => ({ cid, reason }))
  }
}

/**
 * The candidates with what is held taken at its own value: what others say of it only adds who has it. What they say in a
 * dimension in which it has no place here is dropped.
 */
function asHeld(candidates: readonly Candidate[], held: ReadonlySet<Cid>): Candidate[] {
  const own = new Map<string, Candidate>()
  for (const candidate of candidates)
    if (candidate.providers.length === 0) own.set(placeKey(candidate), candidate)
  return candidates.flatMap((candidate) => {
    if (!held.has(candidate.cid) || candidate.providers.length === 0) return [candidate]
    const place = own.get(placeKey(candidate))
    return place === undefined ? [] : [{ ...candidate, value: place.value }]
  })
}

const placeKey = (place: Place): string => `${place.cid} ${dimensionKey(place)}`

/** Nobody is more recent than now: a date in the future gains nothing (PROTOCOL.md §2). */
function notInTheFuture(candidate: Candidate, now: number): Candidate {
  return candidate.metric === '_recency' && candidate.value > now
    ? { ...candidate, value: now }
    : candidate
}

/** Why the candidate can't be fetched, whatever else is offered. */
function objection(candidate: Candidate, { policy, held }: PlanInput): string | undefined {
  const reason = reasonAgainst(candidate, policy)
  if (reason !== undefined || held.has(candidate.cid)) return reason
  const { artifactBytes = 0, providers } = candidate
  if (artifactBytes > policy.maxArtifactBytes) return 'too-large'
  return providers.length === 0 ? 'no-provider' : undefined
}

/** A candidate and its sources: the addresses of its providers, apart where nothing proves that they said so. */
interface Offered extends Candidate {
  readonly sources: readonly string[]
}

/** One candidate a place, with the providers of all that name it. */
function mergeByPlace(candidates: readonly Candidate[]): Offered[] {
  const byPlace = new Map<string, Offered>()
  for (const candidate of candidates) {
    const sources = candidate.providers.map(({ address }) =>
      candidate.unauthenticated === true ? `~${address}` : address,
    )
    const offered = { ...candidate, sources }
    const key = placeKey(candidate)
    const known = byPlace.get(key)
    byPlace.set(key, known === undefined ? offered : joined(known, offered))
  }
  return [...byPlace.values()]
}

function joined(a: Offered, b: Offered): Offered {
  const [better, other] = comparePlaces(a, b) <= 0 ? [a, b] : [b, a]
  const providers = [...better.providers, ...other.providers]
  return {
    ...other,
    ...better,
    providers: [...new Map(providers.map((provider) => [provider.address, provider])).values()],
    sources: [...new Set([...better.sources, ...other.sources])],
  }
}

/**
 * Of places in their order, the best `topK` that are held or that one source offers, sources taking turns. Each source
 * has its own count: no peer's inventions crowd out what others have, nor what is said in a peer's name what it says itself.
 */
function bestOfEach(places: readonly Offered[], held: ReadonlySet<Cid>, topK: number): Offered[] {
  const taken = new Map<string, number>()
  const chosen: { place: Offered; turn: number }[] = []
  let heldSoFar = 0
  for (const place of places) {
    if (held.has(place.cid)) {
      if (heldSoFar < topK) chosen.push({ place, turn: heldSoFar })
      heldSoFar += 1
    } else {
      const turn = leastOf(taken, place.sources)
      if (heldSoFar + turn >= topK) continue
      for (const source of place.sources) taken.set(source, (taken.get(source) ?? 0) + 1)
      chosen.push({ place, turn })
    }
  }
  return chosen.sort((a, b) => a.turn - b.turn).map(({ place }) => place)
}

/** Reordered so that peers take turns, each by its address: one that offers many dimensions holds up nobody else. */
function inTurns(wants: readonly Want[]): Want[] {
  const taken = new Map<string, number>()
  const turns = wants.map((want) => {
    const addresses = want.providers.map(({ address }) => address)
    const turn = leastOf(taken, addresses)
    for (const address of addresses) taken.set(address, (taken.get(address) ?? 0) + 1)
    return { want, turn }
  })
  return turns.sort((a, b) => a.turn - b.turn).map(({ want }) => want)
}

const leastOf = (counts: ReadonlyMap<string, number>, names: readonly string[]): number =>
  Math.min(...names.map((name) => counts.get(name) ?? 0))

/** One want an item, at its first place, with the providers of all its places. */
function mergeByCid(candidates: readonly Candidate[]): Want[] {
  const byCid = new Map<Cid, { first: Candidate; providers: Map<string, PeerAddress> }>()
  for (const candidate of candidates) {
    const known = byCid.get(candidate.cid) ?? { first: candidate, providers: new Map() }
    byCid.set(candidate.cid, known)
    for (const provider of candidate.providers)
      if (!known.providers.has(provider.address)) known.providers.set(provider.address, provider)
  }
  return [...byCid].map(([cid, { first, providers }]) => ({
    cid,
    metric: first.metric,
    direction: first.direction,
    value: first.value,
    artifactBytes: first.artifactBytes,
    providers: [...providers.values()],
  }))
}

/** Spends the round's requests and bytes on one want after the other. A large one that doesn't fit lets smaller ones pass. */
function budgetOf(policy: Policy): (want: Want) => 'budget' | undefined {
  let requestsLeft = policy.maxRequestsPerRound
  let bytesLeft = policy.maxBytesPerRound
  return ({ artifactBytes = 0 }) => {
    if (requestsLeft < 1 || artifactBytes > bytesLeft) return 'budget'
    requestsLeft -= 1
    bytesLeft -= artifactBytes
    return undefined
  }
}
