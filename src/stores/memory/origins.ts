import type { Cid } from '../../core/cid.ts'
import type { KeyId, SigningKey } from '../../core/identity/ed25519.ts'
import { type Origin, originsKept, signOrigins } from '../../core/identity/origin.ts'
import {
  type Counting,
  EVERYBODY,
  groveOf,
  grovesOf,
  isAccepted,
  isListed,
  isTrusted,
  type Judgement,
  judge,
  weightOf,
} from '../../core/peers/counting.ts'
import type { Backing, SignedBy } from '../../core/ranking/belief.ts'
import type { Evidence } from '../../core/ranking/signals.ts'
import { type Provenance, SINCE_MAX_BYTES, type Stored } from '../../ports/contribution-store.ts'
import { SIGNERS_COUNTED } from '../../ports/graph-index.ts'
import type {
  KeptOrigins,
  NewCounting,
  OriginStore,
  RecountStep,
  UnsignedPage,
} from '../../ports/origin-store.ts'
import { signalsIn } from '../derive.ts'

/** The reference: who has signed what a memory graph holds. */
export class MemoryOrigins implements OriginStore {
  readonly #log: () => readonly Stored[]
  readonly #kept = new Map<Cid, readonly Origin[]>()
  readonly #ownKeys = new Set<KeyId>()
  /** Whose word counts, and by which of them all was judged last. */
  #counting: Counting = EVERYBODY
  #judgedBy: Counting = EVERYBODY
  #key: SigningKey | undefined

  /** `log` gives all that is held, in the order of arrival. */
  constructor(log: () => readonly Stored[]) {
    this.#log = log
  }

  async of(cids: readonly Cid[]): Promise<KeptOrigins[]> {
    return cids.flatMap((cid) => {
      const origins = this.#kept.get(cid)
      return origins === undefined ? [] : [[cid, this.#best(cid, origins)] as const]
    })
  }

  async add(cid: Cid, origins: readonly Origin[], from: Provenance['origin']): Promise<boolean> {
    if (!this.#log().some((held) => held.cid === cid)) return false
    return this.keep(cid, origins, from)
  }

  signWith(key: SigningKey): void {
    this.#key = key
  }

  async sign(cids: readonly Cid[], at: number): Promise<void> {
    if (this.#key === undefined) return
    const origins = signOrigins(this.#key, cids, at)
    for (const [n, cid] of cids.entries()) await this.add(cid, origins.slice(n, n + 1), 'local')
  }

  /** This grove's origin of what is put, where it has a key and that was published here. */
  own(cid: Cid, { origin, receivedAt }: Provenance): readonly Origin[] {
    if (this.#key === undefined || origin === 'peer') return []
    return signOrigins(this.#key, [cid], receivedAt)
  }

  /** As `add`, also for what is only about to be held. */
  keep(cid: Cid, origins: readonly Origin[], from: Provenance['origin']): boolean {
    if (origins.length === 0) return false
    if (from === 'local') for (const { peerId } of origins) this.#ownKeys.add(peerId)
    const before = this.#kept.get(cid) ?? []
    const known = new Set(before.map(({ peerId }) => peerId))
    const kept = this.#best(cid, firstOfEachKey([...before, ...origins]))
    this.#kept.set(cid, kept)
    return kept.some(({ peerId }) => !known.has(peerId))
  }

  async unsigned(after: number, limit: number): Promise<UnsignedPage> {
    const page: Stored[] = []
    let bytes = 0
    for (const stored of this.#log().slice(after, after + limit)) {
      if (bytes >= SINCE_MAX_BYTES) break
      page.push(stored)
      bytes += stored.bytes.byteLength
    }
    const isSigned = ({ cid }: Stored) =>
      this.#kept.get(cid)?.some(({ peerId }) => this.#ownKeys.has(peerId)) === true
    const unsigned = page.filter((stored) => stored.provenance.own === true && !isSigned(stored))
    return {
      cids: unsigned.map(({ cid }) => cid),
      to: page.length === 0 ? undefined : after + page.length,
    }
  }

  async judge({
    admission = this.#counting.admission,
    standings,
    aliases,
  }: NewCounting): Promise<boolean> {
    this.#counting = { admission, standings: new Map(standings), aliases: new Map(aliases) }
    const { admission: before, standings: known } = this.#judgedBy
    const isOther = (key: KeyId) =>
      weightOf(before, known.get(key)) !== weightOf(admission, standings.get(key))
    const isDue = before !== admission || [...known.keys(), ...standings.keys()].some(isOther)
    if (!isDue) this.#judgedBy = this.#counting
    return isDue
  }

  /** All in one step. */
  async recount(): Promise<RecountStep> {
    const before = this.#log().map((stored) => this.judgement(stored))
    this.#judgedBy = this.#counting
    const moved = this.#log().filter((stored, n) => this.judgement(stored) !== before[n])
    const works = moved.filter(({ manifest }) => manifest.kind === 'work')
    const metrics = works.flatMap(({ manifest }) => Object.keys(manifest.scores ?? {}))
    const isDone = true
    return { metrics: [...new Set(metrics)], hasMoved: moved.length > 0, isDone }
  }

  async judgements(cids: readonly Cid[]): Promise<Judgement[]> {
    const held = new Map(this.#log().map((stored) => [stored.cid, stored]))
    return cids.map((cid) => {
      const stored = held.get(cid)
      return stored === undefined ? 'counts' : this.judgement(stored)
    })
  }

  judgement({ cid, provenance }: Pick<Stored, 'cid' | 'provenance'>): Judgement {
    if (countsAll(this.#judgedBy)) return 'counts'
    const isOurs = provenance.origin === 'local'
    return judge(this.#judgedBy, { signers: this.#signersOf(cid), isOurs })
  }

  /** Who stands behind evidence that counts about one contribution. */
  backing(target: Cid, evidence: readonly Evidence[]): Backing {
    const { admission, standings } = this.#judgedBy
    const { aliases } = this.#counting
    const countOf = (keys: readonly KeyId[]) => grovesOf(aliases, keys).length
    const keysOf = (signal: keyof SignedBy) => {
      const items = evidence.filter((item) => signalsIn(item).includes(signal))
      const keys = new Set(items.flatMap(({ source }) => this.#signersOf(source)))
      return [...keys].filter((peerId) => isAccepted(admission, standings.get(peerId)))
    }
    const standingOf = (peerId: KeyId) => this.#counting.standings.get(peerId)
    const isTrustedKey = (peerId: KeyId) => standingOf(peerId) === 'trusted'
    const trustedOf = (signal: keyof SignedBy) => keysOf(signal).filter(isTrustedKey)
    const ownSigners = this.#signersOf(target)
    const accepted = ownSigners.filter((peerId) => isAccepted(admission, standings.get(peerId)))
    const behindWork = [...new Set([...accepted, ...keysOf('reproduction')])]
    const isOurs = (peerId: KeyId) => standingOf(peerId) === 'own'
    const signedByGroves = grovesOf(aliases, ownSigners)
    const isOwnWord = (peerId: KeyId) =>
      signedByGroves.includes(groveOf(aliases, peerId)) ||
      (isOurs(peerId) && ownSigners.some(isOurs))
    const attesting = [...keysOf('reproduction'), ...keysOf('reviews')].filter((peerId) =>
      isTrusted(standingOf(peerId)),
    )
    return {
      signedBy: eachSignal((signal) => Math.min(SIGNERS_COUNTED, countOf(keysOf(signal)))),
      trusted: eachSignal((signal) => countOf(trustedOf(signal))),
      work: { groves: countOf(behindWork), trusted: countOf(behindWork.filter(isTrustedKey)) },
      isAttested: ownSigners.length > 0 && attesting.some((peerId) => !isOwnWord(peerId)),
    }
  }

  #signersOf(cid: Cid): KeyId[] {
    return (this.#kept.get(cid) ?? []).map(({ peerId }) => peerId)
  }

  #best(cid: Cid, origins: readonly Origin[]): Origin[] {
    const { standings } = this.#counting
    return originsKept(cid, origins, {
      isListed: (peerId) => this.#ownKeys.has(peerId) || isListed(standings.get(peerId)),
      isBlocked: (peerId) => standings.get(peerId) === 'blocked',
    })
  }
}

const countsAll = ({ admission, standings }: Counting): boolean =>
  admission === 'open' && !standings.values().some((standing) => standing === 'blocked')

const eachSignal = (count: (signal: keyof SignedBy) => number): SignedBy => ({
  adoption: count('adoption'),
  reproduction: count('reproduction'),
  reviews: count('reviews'),
})

function firstOfEachKey(origins: readonly Origin[]): Origin[] {
  return [...Map.groupBy(origins, ({ peerId }) => peerId).values()].flatMap(
    ([first]) => first ?? [],
  )
}
