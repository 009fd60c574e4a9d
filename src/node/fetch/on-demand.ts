import { BoundedMap } from '../../concurrency/bounded.ts'
import { Bucket } from '../../concurrency/bucket.ts'
import type { Cid } from '../../core/cid.ts'
import { GroveError, isGroveError } from '../../core/errors.ts'
import type { KeyId } from '../../core/identity/ed25519.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { FetchContext } from '../context.ts'
import { fetchRemoteContribution } from './fetch.ts'
import { LeafSearch, type Wanted } from './leaf-search.ts'

/** How long an asker waits within its request. It asks again if it has to. */
const WAIT_MS = 4_000
/** How long nobody is asked again for what no leaf has. */
const NOT_AT_LEAVES_MS = 30_000
/** Things of which that is remembered. */
const NOT_AT_LEAVES_MAX = 4_096
/** What one grove may have leaves asked for at once, and how often it may once more. */
const DEMANDS_MAX = 20
const DEMAND_MS = 1_000
/** The same of one host, which may have many keys. */
const DEMANDS_OF_HOST_MAX = 64
const DEMAND_OF_HOST_MS = 250
/** Groves, and hosts, whose demands are counted. */
const ASKERS_MAX = 1_024
/** Things that are sought or fetched at once, and of these the most for one host. */
const UNDER_WAY_MAX = 64
const UNDER_WAY_OF_HOST_MAX = 32
/** The host of who asks within this process. */
const LOCAL = 'local'
/** The largest artifact that is fetched for others. */
const ON_DEMAND_MAX_BYTES = 8 * 1024 ** 3

/** Who asks, from which host; undefined within this process. */
export interface LeafAsker {
  readonly by: KeyId
  readonly host?: string | undefined
}

interface UnderWay {
  readonly host: string
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
  readonly #hosts = new BoundedMap<string, Bucket>(ASKERS_MAX)
  readonly #search: LeafSearch

  constructor(node: FetchContext) {
    this.#node = node
    this.#search = new LeafSearch(node)
  }

  /** Whether a manifest is here now. Throws `busy` with `coming` while it is on its way. */
  manifest(cid: Cid, asker: LeafAsker): Promise<boolean> {
    return this.#bring({ cid }, asker)
  }

  /** The same of an artifact, of a contribution that the asker names. */
  async artifact(hash: Cid, via: Cid, asker: LeafAsker): Promise<boolean> {
    if (this.#leavesBut(asker).length === 0) return false
    const artifacts = (await this.#node.contributions.get(via))?.manifest.artifacts ?? {}
    const name = Object.keys(artifacts).find((one) => artifacts[one] === hash)
    return name !== undefined && this.#bring({ cid: via, artifact: { hash, name } }, asker)
  }

  async #bring(wanted: Wanted, asker: LeafAsker): Promise<boolean> {
    const key = wanted.artifact?.hash ?? wanted.cid
    const underWay = this.#underWay.get(key) ?? this.#begin(key, wanted, asker)
    if (underWay === undefined || (await underWay.leaf) === undefined) return false
    const done = await this.#inTime(underWay.done)
    if (done !== undefined) return done
    throw new GroveError('busy', { coming: true }, { message: 'it is on its way here: ask again' })
  }

  #begin(key: Cid, wanted: Wanted, asker: LeafAsker): UnderWay | undefined {
    const now = this.#node.clock.now()
    const { host = LOCAL } = asker
    const leaves = this.#leavesBut(asker)
    const isKnown = (this.#absent.get(key) ?? 0) > now
    if (leaves.length === 0 || isKnown || !this.#hasRoomFor(host)) return undefined
    if (!this.#take(asker.by, host, now)) return undefined
    const search = this.#search.holderOf(wanted, { host, leaves })
    const leaf = search.then((found) => found.leaf)
    const done = this.#node.track(this.#fetched(key, wanted, search))
    const underWay = { host, leaf, done }
    this.#underWay.set(key, underWay)
    return underWay
  }

  async #fetched(
    key: Cid,
    { cid, artifact }: Wanted,
    search: ReturnType<LeafSearch['holderOf']>,
  ): Promise<boolean> {
    const { clock, log } = this.#node
    let isAbsent = true
    try {
      const { leaf, hasMore } = await search
      isAbsent = leaf !== undefined || !hasMore
      if (leaf === undefined) return false
      const artifacts = artifact === undefined ? ('none' as const) : [artifact.name]
      const options = { peer: leaf.address, artifacts, ancestors: 0 }
      const maxBytes = ON_DEMAND_MAX_BYTES
      const { missing } = await fetchRemoteContribution(this.#node, cid, { ...options, maxBytes })
      const isHere = artifact === undefined || !missing.some((one) => 'hash' in one)
      if (isHere) this.#search.gave(leaf)
      return isHere
    } catch (error) {
      if (!isGroveError(error)) throw error
      log.debug('what a leaf has did not come', { cid, code: error.code, reason: error.message })
      return false
    } finally {
      this.#underWay.delete(key)
      // Where some were not asked, the next question goes to those.
      if (isAbsent) this.#absent.set(key, clock.now() + NOT_AT_LEAVES_MS)
    }
  }

  #leavesBut({ by }: LeafAsker): PeerAddress[] {
    const leaves = this.#node.transport.leaves?.connected() ?? []
    return leaves.filter(({ peerId }) => peerId !== by)
  }

  #hasRoomFor(host: string): boolean {
    const all = [...this.#underWay.values()]
    const ofHost = all.filter((one) => one.host === host)
    return all.length < UNDER_WAY_MAX && ofHost.length < UNDER_WAY_OF_HOST_MAX
  }

  /** Counts one demand of a grove, and of its host. False where either has had its part. */
  #take(by: KeyId, host: string, now: number): boolean {
    const ofKey = this.#askers.get(by) ?? new Bucket(DEMANDS_MAX, DEMAND_MS)
    const ofHost = this.#hosts.get(host) ?? new Bucket(DEMANDS_OF_HOST_MAX, DEMAND_OF_HOST_MS)
    this.#askers.set(by, ofKey)
    this.#hosts.set(host, ofHost)
    return ofKey.hasToken(now) && ofHost.tryTake(now) && ofKey.tryTake(now)
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
