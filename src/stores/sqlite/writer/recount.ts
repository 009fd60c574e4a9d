import { keyIdFromBytes } from '../../../core/identity/ed25519.ts'
import { isAccepted, type Judgement, judge } from '../../../core/peers/counting.ts'
import { isReservedMetric } from '../../../core/ranking/frontier.ts'
import { SINCE_MAX_BYTES } from '../../../ports/contribution-store.ts'
import {
  type NewCounting,
  RECOUNT_LOOKED_MAX,
  RECOUNT_MOVED_MAX,
  type RecountStep,
} from '../../../ports/origin-store.ts'
import { consequencesOf } from '../../derive.ts'
import { Judged, noteRecount, recountUnderWay } from '../counting/judged.ts'
import type { CountingRules, KnownCounting } from '../counting/rules.ts'
import type { Connection } from '../database/connection.ts'
import type { Contributions } from '../tables/contributions.ts'
import { lastSeq } from '../tables/log.ts'
import type { Origins, SignerKey } from '../tables/origins.ts'
import type { Folds } from './folds.ts'

interface Parts {
  readonly connection: Connection
  readonly rules: CountingRules
  readonly contributions: Contributions
  readonly origins: Origins
  readonly folds: Folds
}

/** A contribution as it was folded, and by what it is to be judged. */
interface FoldedBefore {
  readonly keys: readonly SignerKey[]
  readonly before: Judgement
  readonly counting: KnownCounting
}

/** What bringing one contribution up to date has moved. */
interface Settled {
  /** Relations and places. */
  readonly moved: number
  /** Metrics in which a work came or went. */
  readonly metrics: readonly string[]
}

/**
 * Brings folds up to date with whose word counts. How a contribution was folded is noted beside it,
 * so that what was added can be taken away again, exactly, whatever has changed in between.
 */
export class Recount {
  readonly #parts: Parts
  readonly judged: Judged
  #counting: KnownCounting | undefined

  constructor(parts: Parts) {
    this.#parts = parts
    this.judged = new Judged(parts.connection)
  }

  /** Whether something is to be judged again. A change begins anew. */
  replaceRules(counting: NewCounting): boolean {
    const { connection, rules } = this.#parts
    const isOther = rules.replace(counting)
    this.begin()
    if (isOther) noteRecount(connection, { after: 0, until: lastSeq(connection) })
    return recountUnderWay(connection) !== undefined
  }

  /** Judges the next stretch of what is to be judged again. */
  step(): RecountStep {
    const { connection, contributions, origins } = this.#parts
    const stretch = recountUnderWay(connection)
    if (stretch === undefined) return { metrics: [], hasMoved: false, isDone: true }
    const { after, until } = stretch
    const end = Math.min(until, after + RECOUNT_LOOKED_MAX)
    const keys = origins.keysBetween(after, end)
    const judged = this.judged.between(after, end)
    const metrics = new Set<string>()
    const counting = this.counting()
    let [moved, to] = [0, after]
    const before = contributions.openedBytes
    const isFull = () =>
      moved >= RECOUNT_MOVED_MAX || contributions.openedBytes - before >= SINCE_MAX_BYTES
    while (to < end && !isFull()) {
      to += 1
      const settled = this.#settle(to, {
        keys: keys.get(to) ?? [],
        before: judged.get(to) ?? 'counts',
        counting,
      })
      moved += settled.moved
      for (const metric of settled.metrics) metrics.add(metric)
    }
    noteRecount(connection, { after: to, until })
    return { metrics: [...metrics], hasMoved: moved > 0, isDone: to >= until }
  }

  /** Brings what follows from the contribution of a row up to date. */
  settle(id: number): void {
    const keys = this.#parts.origins.keysAt(id)
    this.#settle(id, { keys, before: this.judged.of(id), counting: this.counting() })
  }

  /** What is made of the contribution of a row that these keys have signed. */
  judgementOf(id: number, keys: readonly SignerKey[], counting = this.counting()): Judgement {
    if (keys.length > 0 && !isChoosy(counting)) return 'counts'
    const signers = keys.map(({ key }) => keyIdFromBytes(key))
    const judgement = judge(counting, { signers, isOurs: false })
    const isSame = judgement === 'counts' || !this.#parts.contributions.isOurs(id)
    return isSame ? judgement : judge(counting, { signers, isOurs: true })
  }

  /** Whether the folds leave out what a key has signed. */
  refused(key: Uint8Array, counting = this.counting()): 0 | 1 {
    if (!isChoosy(counting)) return 0
    const { admission, standings } = counting
    return isAccepted(admission, standings.get(keyIdFromBytes(key))) ? 0 : 1
  }

  /** By which this is said: read once a transaction. */
  counting(): KnownCounting {
    this.#counting ??= this.#parts.rules.current()
    return this.#counting
  }

  /** A transaction begins: what was read in another one may have been taken back. */
  begin(): void {
    this.#counting = undefined
    this.#parts.origins.begin()
  }

  #settle(id: number, { keys, before, counting }: FoldedBefore): Settled {
    const now = this.judgementOf(id, keys, counting)
    const turned = keys.filter(({ key, refused }) => this.refused(key, counting) !== refused)
    if (now === before && turned.length === 0) return NOTHING
    const { contributions, origins, folds } = this.#parts
    const item = contributions.heldAt(id)
    if (item === undefined) return NOTHING
    const consequences = consequencesOf(item, item.provenance.receivedAt)
    const { gains, kind, places } = consequences
    const [unsigned, signed] = [1, 0].map((was) =>
      turned.filter(({ refused }) => refused === was).map(({ key }) => key),
    )
    folds.sign(gains, unsigned ?? [])
    folds.unsign(gains, signed ?? [])
    for (const { key, refused } of turned) origins.setRefused(id, key, refused === 1 ? 0 : 1)
    if ((now === 'counts') !== (before === 'counts')) folds.count(gains, now === 'counts')
    this.judged.set(id, now)
    if ((now === 'blocked') === (before === 'blocked'))
      return { moved: 1 + gains.length, metrics: [] }
    const row = { id, cid: item.cid, kind }
    if (now === 'blocked') folds.unrank(row, item, consequences)
    contributions.setRanked(id, { kind, isRanked: consequences.isRanked && now !== 'blocked' })
    if (now !== 'blocked') folds.rank(row, item, consequences)
    if (now !== 'blocked' && consequences.isRanked) folds.rankSignals(row)
    this.#noteMove()
    const metrics = kind === 'work' ? places.map(({ metric }) => metric) : []
    return {
      moved: 1 + gains.length + places.length,
      metrics: metrics.filter((metric) => !isReservedMetric(metric)),
    }
  }

  #noteMove(): void {
    this.#parts.connection.sql('UPDATE counting SET moves = moves + 1 WHERE rowid = 1').run()
  }
}

const NOTHING: Settled = { moved: 0, metrics: [] }

/** Whether it depends on who has signed something whether that counts. */
const isChoosy = ({ admission, hasBlocked }: KnownCounting): boolean =>
  admission === 'members' || hasBlocked
