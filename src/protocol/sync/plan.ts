import type { Cid } from '../../core/cid.ts'
import type { Kind } from '../../core/contribution/schema.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import { type Policy, reasonAgainst } from '../../core/policy.ts'
import type { Advertisement } from '../../core/ranking/advertisement.ts'
import {
  comparePlaces,
  dimensionKey,
  type LocalEntry,
  type Place,
} from '../../core/ranking/frontier.ts'
import { byDimension, interleave } from '../gossip/digest.ts'

/** An advertisement with what a best list adds to it. */
export interface Offer extends Advertisement {
  readonly kind?: Kind
  /** A fingerprint of the evidence about the item at the peer; see `evidenceMark`. */
  readonly evidence?: string | undefined
  /** Of all artifacts together, if the peer said so. */
  readonly artifactBytes?: number | undefined
}

/** An item to fetch, by the place that made it wanted. */
export interface Want extends Place {
  /** In the order of the offers. */
  readonly providers: readonly PeerAddress[]
  readonly artifactBytes: number | undefined
}

/**
 * An item that is not fetched in this round, and why; a refused one for the reason it was given.
 */
export interface Skipped {
  readonly cid: Cid
  readonly reason: string
}

export interface Plan {
  readonly wants: Want[]
  readonly skipped: Skipped[]
}

export interface PlanInput {
  readonly offers: readonly Offer[]
  /** Places of items that are held here. */
  readonly local: readonly LocalEntry[]
  readonly held: ReadonlySet<Cid>
  /** Held items without all their artifacts, which are fetched all the same. */
  readonly partial?: ReadonlySet<Cid>
  readonly policy: Policy
  /** The host of an address, by which sources take turns. Default: each address is one. */
  readonly hostOf?: (address: string) => string
  /** Whether a host has brought what it offered so far. Default: none has. */
  readonly isProven?: (host: string) => boolean
  /** Why an item may not be fetched now: it is under way, refused or backing off. */
  readonly reasonToWait: (cid: Cid) => string | undefined
  readonly now: number
}

/** Offers that one step looks at: a millisecond or two. */
const OFFERS_A_STEP = 256

/**
 * The offers to fetch, in order: those of proven hosts first, then best first, dimensions taking
 * turns, and hosts within them, each item once. Held items count towards the top k of their
 * dimension, at the place that they have here, whatever peers say. Items that have to wait don't
 * use up top-k places. O(n log n), in steps: strangers may have advertised tens of thousands.
 */
export function* planWants(input: PlanInput): Generator<void, Plan> {
  const { policy, held, partial, reasonToWait } = input
  const leftOut = new LeftOut()
  const candidates = yield* candidatesFrom(input)
  const open = yield* leftOut.sift(candidates, (candidate) => objection(candidate, input))
  const awake = yield* leftOut.sift(open, ({ cid }) =>
    held.has(cid) ? undefined : reasonToWait(cid),
  )
  const ranked: Candidate[][] = []
  for (const places of byDimension(yield* mergeByPlace(awake)).values()) {
    const best = bestOfEach(places, held, policy.topK)
    const chosen = new Set<Place>(best)
    yield* leftOut.sift(places, (place) => (chosen.has(place) ? undefined : 'top-k'))
    ranked.push(best)
  }
  const missing = mergeByCid(interleave(ranked, candidates.length)).filter(
    ({ cid, providers }) => !held.has(cid) || (partial?.has(cid) === true && providers.length > 0),
  )
  const ready = yield* leftOut.sift(missing, ({ cid }) => reasonToWait(cid))
  const wants = yield* leftOut.sift(inTurns(ready, input.isProven), budgetOf(policy))
  const wanted = new Set(wants.map(({ cid }) => cid))
  return { wants, skipped: leftOut.list().filter(({ cid }) => !wanted.has(cid) && !held.has(cid)) }
}

/** The items that are not fetched, each with the last reason against it. */
class LeftOut {
  readonly #reasons = new Map<Cid, string>()

  list(): Skipped[] {
    return [...this.#reasons].map(([cid, reason]) => ({ cid, reason }))
  }

  /** The items without a reason against them. The reasons against the others are noted. */
  *sift<T extends Place>(
    items: readonly T[],
    reasonOf: (item: T) => string | undefined,
  ): Generator<void, T[]> {
    const left: T[] = []
    for (const [n, item] of items.entries()) {
      if (n % OFFERS_A_STEP === 0) yield
      const reason = reasonOf(item)
      if (reason === undefined) left.push(item)
      else this.#reasons.set(item.cid, reason)
    }
    return left
  }
}

/** A place, and the peers that offer it: none for a local one. */
interface Candidate extends Place {
  readonly tags?: readonly string[] | undefined
  readonly kind?: Kind | undefined
  readonly artifactBytes?: number | undefined
  readonly providers: readonly PeerAddress[]
  /** The hosts of the providers, marked where they are unauthenticated. */
  readonly sources: readonly string[]
}

/**
 * Offers and local places. An offer of a held item has the value of its local place, and only adds
 * a provider; in a dimension in which the item has no local place it is dropped.
 */
function* candidatesFrom(input: PlanInput): Generator<void, Candidate[]> {
  const { offers, local, held, now, hostOf = (address: string) => address } = input
  const own = new Map(local.map((entry) => [placeKey(entry), entry.value]))
  const candidates: Candidate[] = []
  for (const [n, offer] of offers.entries()) {
    if (n % OFFERS_A_STEP === 0) yield
    const value = held.has(offer.cid) ? own.get(placeKey(offer)) : offer.value
    if (value === undefined) continue
    const { from, unauthenticated } = offer
    const host = hostOf(from.address)
    const source = unauthenticated === true ? `~${host}` : host
    const candidate = { ...offer, value, providers: [from], sources: [source] }
    candidates.push(notInTheFuture(candidate, now))
  }
  for (const entry of local)
    candidates.push(notInTheFuture({ ...entry, providers: [], sources: [] }, now))
  return candidates
}

const placeKey = (place: Place): string => `${place.cid} ${dimensionKey(place)}`

/** A date in the future counts as now. */
function notInTheFuture(candidate: Candidate, now: number): Candidate {
  return candidate.metric === '_recency' && candidate.value > now
    ? { ...candidate, value: now }
    : candidate
}

/** Why a candidate is not fetched whatever else there is. */
function objection(candidate: Candidate, { policy, held }: PlanInput): string | undefined {
  const reason = reasonAgainst(candidate, policy)
  if (reason !== undefined || held.has(candidate.cid)) return reason
  const { artifactBytes = 0, providers } = candidate
  if (artifactBytes > policy.maxArtifactBytes) return 'too-large'
  return providers.length === 0 ? 'no-provider' : undefined
}

/** One candidate a place, with the providers of all candidates for it. */
function* mergeByPlace(candidates: readonly Candidate[]): Generator<void, Candidate[]> {
  const byPlace = new Map<string, Candidate>()
  for (const [n, candidate] of candidates.entries()) {
    if (n % OFFERS_A_STEP === 0) yield
    const key = placeKey(candidate)
    const known = byPlace.get(key)
    byPlace.set(key, known === undefined ? candidate : joined(known, candidate))
  }
  return [...byPlace.values()]
}

function joined(a: Candidate, b: Candidate): Candidate {
  const [better, other] = comparePlaces(a, b) <= 0 ? [a, b] : [b, a]
  const providers = [...better.providers, ...other.providers]
  return {
    ...better,
    artifactBytes: better.artifactBytes ?? other.artifactBytes,
    providers: [...new Map(providers.map((provider) => [provider.address, provider])).values()],
    sources: [...new Set([...better.sources, ...other.sources])],
  }
}

/**
 * The best `topK` of the places, held ones included, counted for each source by itself, sources
 * taking turns. So no peer's inventions crowd out what others have, nor unauthenticated offers in a
 * peer's name its own.
 */
function bestOfEach(
  places: readonly Candidate[],
  held: ReadonlySet<Cid>,
  topK: number,
): Candidate[] {
  const taken = new Map<string, number>()
  const chosen: { place: Candidate; turn: number }[] = []
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

/**
 * The wants reordered so that hosts take turns, proven ones first: offers in many dimensions hold
 * up no others, nor do inventions.
 */
function inTurns(wants: readonly Sourced[], isProven: PlanInput['isProven'] = () => false): Want[] {
  const taken = new Map<string, number>()
  const turns = wants.map(({ sources, ...want }) => {
    const turn = leastOf(taken, [...sources])
    for (const source of sources) taken.set(source, (taken.get(source) ?? 0) + 1)
    return { want, turn, group: [...sources].some(isProven) ? 0 : 1 }
  })
  return turns.sort((a, b) => a.group - b.group || a.turn - b.turn).map(({ want }) => want)
}

/** A want with the hosts that offer it. */
interface Sourced extends Want {
  readonly sources: ReadonlySet<string>
}

const leastOf = (counts: ReadonlyMap<string, number>, names: readonly string[]): number =>
  Math.min(...names.map((name) => counts.get(name) ?? 0))

/** One want an item, at its first place, with the providers of all its places. */
function mergeByCid(candidates: readonly Candidate[]): Sourced[] {
  const byCid = new Map<Cid, Merged>()
  for (const candidate of candidates) {
    const known = byCid.get(candidate.cid) ?? {
      first: candidate,
      providers: new Map(),
      sources: new Set(),
    }
    byCid.set(candidate.cid, known)
    for (const source of candidate.sources) known.sources.add(source)
    for (const provider of candidate.providers)
      if (!known.providers.has(provider.address)) known.providers.set(provider.address, provider)
  }
  return [...byCid].map(([cid, { first, providers, sources }]) => ({
    cid,
    metric: first.metric,
    direction: first.direction,
    value: first.value,
    artifactBytes: first.artifactBytes,
    providers: [...providers.values()],
    sources,
  }))
}

interface Merged {
  readonly first: Candidate
  readonly providers: Map<string, PeerAddress>
  readonly sources: Set<string>
}

/**
 * Spends the round's requests and bytes on one want after the other. Smaller ones may fit where a
 * large one did not.
 */
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
