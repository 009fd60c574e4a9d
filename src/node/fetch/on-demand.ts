import { BoundedMap } from '../../concurrency/bounded.ts'
import { Bucket } from '../../concurrency/bucket.ts'
import type { Cid } from '../../core/cid.ts'
import { GroveError, isGroveError } from '../../core/errors.ts'
import type { KeyId } from '../../core/identity/ed25519.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { FetchContext } from '../context.ts'
import { withDeadline } from './deadline.ts'
import { fetchRemoteContribution } from './fetch.ts'

/** How long leaves have to say whether they hold something. */
const SEARCH_MS = 4_000
/** How long an asker waits within its request. It asks again if it has to. */
const WAIT_MS = 4_000
/** How long nobody is asked again for what no leaf has. */
const NOT_AT_LEAVES_MS = 30_000
/** Things of which that is remembered. */
const NOT_AT_LEAVES_MAX = 4_096
/** What one grove may have leaves asked for at once, and how often it may once more. */
const DEMANDS_MAX = 20
const DEMAND_MS = 1_000
/** Groves whose demands are counted. */
const ASKERS_MAX = 1_024
/** Things that are sought or fetched at once. */
const UNDER_WAY_MAX = 64
/** The largest artifact that is fetched for others. */
const ON_DEMAND_MAX_BYTES = 8 * 1024 ** 3

/** A manifest, or an artifact of a contribution that is held. */
interface Wanted {
  readonly cid: Cid
  readonly artifact?: { readonly hash: Cid; readonly name: string }
}

interface UnderWay {
  readonly leaf: Promise<PeerAddress | undefined>
  /** Whether it has come. */
  readonly done: Promise<boolean>
}

/**
 * Fetches what another grove asks for from a leaf, which that grove can't ask: so a hub gives what
 * it holds by then, verified as ever.
 */
export class OnDemand {
  readonly #node: FetchContext
  readonly #underWay = new Map<Cid, UnderWay>()
  readonly #absent = new BoundedMap<Cid, number>(NOT_AT_LEAVES_MAX)
  readonly #askers = new BoundedMap<KeyId, Bucket>(ASKERS_MAX)

  constructor(node: FetchContext) {
    this.#node = node
  }

  /** Whether a manifest is here now. Throws `busy` with `coming` while it is on its way. */
  manifest(cid: Cid, by: KeyId): Promise<boolean> {
    return this.#bring({ cid }, by)
  }

  /** The same of an artifact, of a contribution that the asker names. */
  async artifact(hash: Cid, via: Cid, by: KeyId): Promise<boolean> {
    if (this.#leavesBut(by).length === 0) return false
    const artifacts = (await this.#node.contributions.get(via))?.manifest.artifacts ?? {}
    const name = Object.keys(artifacts).find((one) => artifacts[one] === hash)
    return name !== undefined && this.#bring({ cid: via, artifact: { hash, name } }, by)
  }

  async #bring(wanted: Wanted, by: KeyId): Promise<boolean> {
    const key = wanted.artifact?.hash ?? wanted.cid
    const underWay = this.#underWay.get(key) ?? this.#begin(key, wanted, by)
    if (underWay === undefined || (await underWay.leaf) === undefined) return false
    const done = await this.#inTime(underWay.done)
    if (done !== undefined) return done
    throw new GroveError('busy', { coming: true }, { message: 'it is on its way here: ask again' })
  }

  #begin(key: Cid, wanted: Wanted, by: KeyId): UnderWay | undefined {
    const now = this.#node.clock.now()
    const leaves = this.#leavesBut(by)
    const isKnown = (this.#absent.get(key) ?? 0) > now
    if (leaves.length === 0 || isKnown || this.#underWay.size >= UNDER_WAY_MAX) return undefined
    if (!this.#bucketOf(by).tryTake(now)) return undefined
    const leaf = this.#holderOf(wanted, leaves)
    const done = this.#node.track(this.#fetched(key, wanted, leaf))
    const underWay = { leaf, done }
    this.#underWay.set(key, underWay)
    return underWay
  }

  /** The first leaf that says that it holds it. */
  async #holderOf(
    { cid, artifact }: Wanted,
    leaves: readonly PeerAddress[],
  ): Promise<PeerAddress | undefined> {
    const { transport, closing } = this.#node
    const ask = async (leaf: PeerAddress, signal: AbortSignal) => {
      if (artifact === undefined) {
        if (!(await transport.holds(leaf, cid, { signal }))) throw new GroveError('absent')
      } else await transport.sizeOf(leaf, { hash: artifact.hash }, { signal })
      return leaf
    }
    try {
      return await withDeadline(
        this.#node,
        { cid, timeoutMs: SEARCH_MS, signal: closing },
        (signal) => Promise.any(leaves.map((leaf) => ask(leaf, signal))),
      )
    } catch (error) {
      if (error instanceof AggregateError || isGroveError(error)) return undefined
      throw error
    }
  }

  async #fetched(
    key: Cid,
    { cid, artifact }: Wanted,
    holder: Promise<PeerAddress | undefined>,
  ): Promise<boolean> {
    const { clock, log } = this.#node
    try {
      const leaf = await holder
      if (leaf === undefined) return false
      const artifacts = artifact === undefined ? ('none' as const) : [artifact.name]
      const options = { peer: leaf.address, artifacts, ancestors: 0 }
      const maxBytes = ON_DEMAND_MAX_BYTES
      const { missing } = await fetchRemoteContribution(this.#node, cid, { ...options, maxBytes })
      return artifact === undefined || !missing.some((one) => 'hash' in one)
    } catch (error) {
      if (!isGroveError(error)) throw error
      log.debug('what a leaf has did not come', { cid, code: error.code, reason: error.message })
      return false
    } finally {
      this.#underWay.delete(key)
      this.#absent.set(key, clock.now() + NOT_AT_LEAVES_MS)
    }
  }

  #leavesBut(by: KeyId): PeerAddress[] {
    const leaves = this.#node.transport.leaves?.connected() ?? []
    return leaves.filter(({ peerId }) => peerId !== by)
  }

  #bucketOf(by: KeyId): Bucket {
    const bucket = this.#askers.get(by) ?? new Bucket(DEMANDS_MAX, DEMAND_MS)
    this.#askers.set(by, bucket)
    return bucket
  }

  /** Undefined if it takes longer. */
  async #inTime(done: Promise<boolean>): Promise<boolean | undefined> {
    const { promise: late, resolve } = Promise.withResolvers<undefined>()
    const cancel = this.#node.clock.after(WAIT_MS, () => resolve(undefined))
    try {
      return await Promise.race([done, late])
    } finally {
      cancel()
    }
  }
}
