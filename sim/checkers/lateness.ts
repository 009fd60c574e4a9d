import type { Cid } from '../../src/core/cid.ts'
import type { Contribution } from '../../src/core/contribution/contribution.ts'
import type { Ledger } from '../run/ledger.ts'
import type { Fault, Scenario } from '../scenario/scenario.ts'
import { wanted } from './agreement.ts'
import type { Holder } from './union.ts'

/**
 * Rounds of sync after which an item is late, without the time that faults lasted: twice what
 * 99.9 % of the runs need, of those without faults and adversaries, and of the others
 * (docs/SIMULATION.md#lateness).
 */
export const LATE_AFTER = { quiet: 2, disturbed: 8 } as const
/** How long a machine may be down after it lost power, in ms. */
const DOWN_MS = 20_000

/** From a moment to another, in ms from the start. */
type Span = readonly [from: number, until: number]

/**
 * When honest groves come to hold what honest groves publish. Each that runs must hold an item that
 * the policy wants, or that is about something it holds, by so many rounds after it was published.
 */
export class Lateness {
  /** The most rounds after which an item was still missing somewhere. */
  most = 0
  readonly #scenario: Scenario
  readonly #start: number
  readonly #ledger: Pick<Ledger, 'published' | 'publishedAt'>
  readonly #faults: readonly Span[]
  readonly #lateAfter: number
  /** By grove and cid: since when a grove is known to hold what an item that it lacks is about. */
  readonly #missedSince = new Map<string, number>()

  constructor(
    scenario: Scenario,
    start: number,
    ledger: Pick<Ledger, 'published' | 'publishedAt'>,
  ) {
    this.#scenario = scenario
    this.#start = start
    this.#ledger = ledger
    this.#faults = faultSpans(scenario)
    const isQuiet = this.#faults.length + Object.keys(scenario.adversaries).length === 0
    this.#lateAfter = isQuiet ? LATE_AFTER.quiet : LATE_AFTER.disturbed
  }

  /** What these groves, which run, lack though it came long ago. */
  async late(holders: readonly Holder[], now: number): Promise<string[]> {
    const found: string[] = []
    let due: ReadonlyMap<string, Due> | undefined
    for (const holder of holders) {
      for (const contribution of await this.#lacking(holder, now)) {
        due ??= await wanted(holders, this.#scenario.groves.policy)
        const own = due.get(holder.name) ?? new Map()
        const since = await this.#dueSince(holder, contribution, { due: own, now })
        const rounds = this.#rounds(since, now)
        this.most = Math.max(this.most, rounds)
        if (rounds > this.#lateAfter)
          found.push(`${holder.name} lacks ${contribution.cid} after ${this.#lateAfter} rounds`)
      }
    }
    return found
  }

  /** What came a round ago or longer, and is not here, or not whole. */
  async #lacking({ disk }: Holder, now: number): Promise<Contribution[]> {
    const { published, publishedAt } = this.#ledger
    const old = [...published.values()].filter(
      ({ cid }) => this.#rounds(publishedAt.get(cid) ?? now, now) >= 1,
    )
    const absent = new Set(await disk.graph.missing(old.map(({ cid }) => cid)))
    const lacking: Contribution[] = []
    for (const contribution of old) {
      const hashes = absent.has(contribution.cid) ? [] : artifactsOf(contribution)
      if (absent.has(contribution.cid) || (await disk.blobs.missing(hashes)).length > 0)
        lacking.push(contribution)
    }
    return lacking
  }

  /** Since when a grove should have what it lacks; now, if it need not. */
  async #dueSince(
    { name, disk }: Holder,
    contribution: Contribution,
    { due, now }: { readonly due: Due; readonly now: number },
  ): Promise<number> {
    const { cid, manifest } = contribution
    const isAbsent = (await disk.graph.missing([cid])).length > 0
    const blobs = await disk.blobs.missing(due.get(cid) ?? [])
    const isIncomplete = blobs.some((hash) => !disk.forgotten.has(hash))
    if (due.has(cid) && (isAbsent || isIncomplete)) return this.#ledger.publishedAt.get(cid) ?? now
    const targets = manifest.relations.map(({ targetCid }) => targetCid)
    const holdsTarget = (await disk.graph.missing(targets)).length < targets.length
    if (!isAbsent || !holdsTarget) return now
    const key = `${name} ${cid}`
    const since = this.#missedSince.get(key) ?? now
    this.#missedSince.set(key, since)
    return since
  }

  /** Rounds of sync between two moments, without the time of faults. */
  #rounds(from: number, until: number): number {
    const faultMs = this.#faults.reduce((sum, fault) => {
      const [begin, end] = [this.#start + fault[0], this.#start + fault[1]]
      return sum + Math.max(0, Math.min(end, until) - Math.max(begin, from))
    }, 0)
    return (until - from - faultMs) / this.#scenario.groves.syncIntervalMs
  }
}

/** The items that are wanted, with the artifacts that are. */
type Due = ReadonlyMap<Cid, readonly Cid[]>

const artifactsOf = ({ manifest }: Contribution): Cid[] => Object.values(manifest.artifacts)

/** When something is wrong, in order and apart. What is always so ends with the faults. */
function faultSpans({ faults, faultsEndMs, network, disk }: Scenario): Span[] {
  const always = [network.loss, network.duplicate, network.reorder, network.slow, network.cut]
  const failing = [disk.fail, disk.torn, disk.full, disk.crash]
  if ([...always, ...failing].some((probability) => probability > 0)) return [[0, faultsEndMs]]
  const spans = faults
    .map((fault): Span => [fault.fromMs, Math.min(endOf(fault), faultsEndMs)])
    .sort(([a], [b]) => a - b)
  const apart: [number, number][] = []
  for (const [from, until] of spans) {
    const last = apart.at(-1)
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], until)
    else apart.push([from, until])
  }
  return apart
}

/** The moment by which nothing of the fault is left: a machine that lost power is up again. */
function endOf(fault: Fault): number {
  if (fault.type === 'crash') return fault.untilMs + fault.downMs[1]
  return fault.type === 'disk' ? fault.untilMs + DOWN_MS : fault.untilMs
}
