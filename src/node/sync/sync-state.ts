import { Semaphore } from '../../concurrency/semaphore.ts'
import { Singleflight } from '../../concurrency/singleflight.ts'
import { Throttle } from '../../concurrency/throttle.ts'
import type { Cid } from '../../core/cid.ts'
import type { Policy } from '../../core/policy.ts'
import type { Advertisement } from '../../core/ranking/advertisement.ts'
import { Backoff, type HasAnswered } from '../../protocol/sync/backoff.ts'
import { Credit } from '../../protocol/sync/credit.ts'
import { MetricTurns } from '../../protocol/sync/metric-turns.ts'
import { AboutMemory } from './about.ts'
import { Completeness } from './completeness.ts'
import { EvidenceMemory } from './evidence-memory.ts'
import { RoundBudget } from './round-budget.ts'

/** Announced items kept for the next round. */
const ANNOUNCED_MAX = 4_096
/** The first announcement is acted on at once; what follows within this time, together. */
const ANNOUNCED_GAP_MS = 50
/**
 * Announced rounds under way at once, of proven hosts and of others: a slow peer in one must not
 * hold up the news of others.
 */
const ROUNDS_AT_ONCE = 4
const STRANGERS_ROUNDS_AT_ONCE = 2

/** Announced items that wait for their round: of too many, the host with most loses its last. */
export class AnnouncedWork {
  readonly rounds: Semaphore
  readonly gap = new Throttle(ANNOUNCED_GAP_MS)
  readonly #hostOf: (address: string) => string
  readonly #waiting = new Map<string, Advertisement[]>()
  #count = 0

  constructor(roundsAtOnce: number, hostOf: (address: string) => string) {
    this.rounds = new Semaphore(roundsAtOnce)
    this.#hostOf = hostOf
  }

  /** Keeps advertisements for the next round. Returns whether they are the first. */
  note(advertisements: readonly Advertisement[]): boolean {
    const isFirst = this.#count === 0
    for (const advertisement of advertisements) {
      const host = this.#hostOf(advertisement.from.address)
      const own = this.#waiting.get(host)
      if (own === undefined) this.#waiting.set(host, [advertisement])
      else own.push(advertisement)
      if (this.#count < ANNOUNCED_MAX) this.#count += 1
      else this.#dropOne()
    }
    return isFirst
  }

  /** Takes the advertisements kept since the last time. */
  take(): Advertisement[] {
    const announced = [...this.#waiting.values()].flat()
    this.#waiting.clear()
    this.#count = 0
    return announced
  }

  #dropOne(): void {
    const [first = [], ...others] = this.#waiting.values()
    others.reduce((most, own) => (own.length > most.length ? own : most), first).pop()
  }
}

/** What background sync remembers between rounds. */
export class SyncState {
  /** Items that wait: their fetch failed, or they are refused. */
  readonly backoff: Backoff
  /** The fetches of background sync that are under way, by cid. */
  readonly fetches = new Singleflight<void>()
  /** Hosts whose offers a round of this grove's own is fetching. */
  readonly busyHosts = new Set<string>()
  /** Which held contributions lack artifacts. */
  readonly completeness = new Completeness()
  /** Evidence that has been asked for. */
  readonly evidence = new EvidenceMemory()
  /** What peers were asked about what is held here. */
  readonly about = new AboutMemory()
  /** Which metrics of each peer are looked at next. */
  readonly metrics = new MetricTurns()
  /** What hosts' offers have been worth. */
  readonly credit = new Credit()
  /** The share that an address has in everything. */
  readonly hostOf: (address: string) => string
  /** What hosts announce that have brought what they offered, and what others do. */
  readonly announced: {
    readonly proven: AnnouncedWork
    readonly strangers: AnnouncedWork
  }
  #budget: { readonly budget: RoundBudget; readonly until: number } | undefined

  constructor(hostOf: (address: string) => string, hasAnswered: HasAnswered) {
    this.hostOf = hostOf
    this.backoff = new Backoff(hasAnswered)
    this.announced = {
      proven: new AnnouncedWork(ROUNDS_AT_ONCE, hostOf),
      strangers: new AnnouncedWork(STRANGERS_ROUNDS_AT_ONCE, hostOf),
    }
  }

  /** Whether the peer has brought what it offered so far. Others may say things in its name. */
  isProven({ from, unauthenticated }: Advertisement): boolean {
    return unauthenticated !== true && this.credit.isProven(this.hostOf(from.address))
  }

  /** Why background sync does not fetch this item now; undefined where it may. */
  reasonToWait(cid: Cid, now: number): string | undefined {
    return this.fetches.has(cid) ? 'under-way' : this.backoff.reasonToWait(cid, now)
  }

  /** The budget of announced rounds: that of one round for each sync interval. */
  announcedBudget(
    policy: Policy,
    { now, intervalMs }: { now: number; intervalMs: number },
  ): RoundBudget {
    const current = this.#budget
    if (current !== undefined && now < current.until && current.until <= now + intervalMs)
      return current.budget
    const budget = new RoundBudget(policy, this)
    this.#budget = { budget, until: now + intervalMs }
    return budget
  }
}
