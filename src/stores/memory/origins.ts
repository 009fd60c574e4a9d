import type { Cid } from '../../core/cid.ts'
import type { KeyId, SigningKey } from '../../core/identity/ed25519.ts'
import { type Origin, originsKept, signOrigins } from '../../core/identity/origin.ts'
import type { SignedBy } from '../../core/ranking/belief.ts'
import type { Evidence } from '../../core/ranking/signals.ts'
import { type Provenance, SINCE_MAX_BYTES, type Stored } from '../../ports/contribution-store.ts'
import { SIGNERS_COUNTED } from '../../ports/graph-index.ts'
import type { KeptOrigins, OriginStore, UnsignedPage } from '../../ports/origin-store.ts'
import { signalsIn } from '../derive.ts'

/** The reference: who has signed what a memory graph holds. */
export class MemoryOrigins implements OriginStore {
  readonly #log: () => readonly Stored[]
  readonly #kept = new Map<Cid, readonly Origin[]>()
  readonly #ownKeys = new Set<KeyId>()
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

  /** How many groves have signed evidence about one contribution. */
  signedBy(evidence: readonly Evidence[]): SignedBy {
    const signersOf = (signal: keyof SignedBy) => {
      const items = evidence.filter((item) => signalsIn(item).includes(signal))
      const keys = items.flatMap(({ source }) => this.#kept.get(source) ?? [])
      return Math.min(SIGNERS_COUNTED, new Set(keys.map(({ peerId }) => peerId)).size)
    }
    return {
      adoption: signersOf('adoption'),
      reproduction: signersOf('reproduction'),
      reviews: signersOf('reviews'),
    }
  }

  #best(cid: Cid, origins: readonly Origin[]): Origin[] {
    return originsKept(cid, origins, (peerId) => this.#ownKeys.has(peerId))
  }
}

function firstOfEachKey(origins: readonly Origin[]): Origin[] {
  return [...Map.groupBy(origins, ({ peerId }) => peerId).values()].flatMap(
    ([first]) => first ?? [],
  )
}
