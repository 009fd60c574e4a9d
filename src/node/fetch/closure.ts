import { type Cid, hashBytes } from '../../core/cid.ts'
import type { Contribution } from '../../core/contribution/contribution.ts'
import {
  ABOUT,
  EVIDENCE,
  parentsFirst,
  parentsOf,
  targetsOf,
} from '../../core/contribution/relation.ts'
import { verifyManifest } from '../../core/contribution/verify.ts'
import { breadthFirst, type Neighbours } from '../../core/contribution/walk.ts'
import { GroveError, isGroveError } from '../../core/errors.ts'
import { CLOSURE_MAX_CONTRIBUTIONS } from '../../core/limits.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { ClosureRecord } from '../../core/wire/closure.ts'
import type { ClosureTrailer } from '../../core/wire/federation.ts'
import type { CameAlong, ClosurePart, FetchContext } from '../context.ts'
import { noteFailure } from '../peers/contact.ts'
import { verifyManifestFrom } from './manifest-search.ts'

/** Peers asked for one closure. */
const PEERS_MAX = 3
/** Bad items in one closure after which the rest of it is not looked at. */
const FAULTS_MAX = 8

export interface ClosureFetch {
  readonly contribution: Contribution
  /** Steps along derives_from. */
  readonly depth: number
  /** Whether to ask for evidence even if no ancestor is missing. */
  readonly evidence: boolean
  /** Whether replies are evidence too. */
  readonly replies?: boolean
  readonly providers: readonly PeerAddress[]
  readonly signal: AbortSignal
  /**
   * Whether one more item of evidence, of so many bytes, is taken from that address; all are where
   * this is left out.
   */
  readonly takeEvidence?: ((address: string, sizeBytes: number) => boolean) | undefined
  /** The most evidence that one author, by the agent's id, may have in it. */
  readonly maxPerAuthor?: number
  /** Which of the evidence is asked for, in the words of an answer of the same peer. */
  readonly part?: EvidencePart | undefined
  /** What a peer has sent of it already. */
  readonly came?: (CameAlong & { readonly peer: PeerAddress }) | undefined
}

/** A part of the evidence that a peer has: what comes after a place, or came after a moment. */
export interface EvidencePart {
  readonly after?: string | undefined
  readonly since?: string | undefined
}

export interface Closure {
  /** Verified and not here yet, parents before children. */
  readonly ancestors: Contribution[]
  readonly evidence: Contribution[]
  /** All ancestors to the depth that are here or among those brought. */
  readonly present: Cid[]
  /** Ancestors to the depth that no peer sent, and why. */
  readonly missing: ReadonlyMap<Cid, string>
  /** From whom each came. */
  readonly sources: ReadonlyMap<Cid, PeerAddress>
  readonly bytesMoved: number
  /** Whether some peer answered all that was asked of it. */
  readonly answered: boolean
  /** What that peer said of the rest of its evidence. */
  readonly rest: Pick<ClosureTrailer, 'next' | 'until'>
  /** Whether evidence was left out since its author had enough. */
  readonly leftOut: boolean
}

/**
 * The ancestors of a contribution and the evidence about it, from the first providers that have
 * them, one request each. Every manifest is verified, and taken only if it was asked for: as an
 * ancestor by `derives_from`, or as evidence about the contribution itself.
 */
export async function fetchClosure(node: FetchContext, request: ClosureFetch): Promise<Closure> {
  const search = new ClosureSearch(node, request)
  await search.walk()
  for (const peer of request.providers.slice(0, PEERS_MAX)) {
    if (search.missing.length === 0 && (!request.evidence || search.answered)) break
    await search.askPeer(peer)
    await search.walk()
  }
  return search.outcome()
}

/** Ancestors that are here and that are missing, as far as those here tell. */
export async function heldAncestors(
  node: FetchContext,
  contribution: Contribution,
  depth: number,
): Promise<{ present: Cid[]; missing: Cid[] }> {
  const search = new ClosureSearch(node, {
    contribution,
    depth,
    evidence: false,
    providers: [],
    signal: node.closing,
  })
  await search.walk()
  return { present: search.present, missing: search.missing }
}

/** What a peer sent. */
interface Received extends ClosureRecord {
  readonly peer: PeerAddress
  /** Whether another fetch has asked for it, and notes what the peer did right and wrong. */
  readonly isShared: boolean
}

class ClosureSearch {
  present: Cid[] = []
  missing: Cid[] = []
  answered = false
  #rest: Closure['rest'] = {}
  #leftOut = false
  readonly #node: FetchContext
  readonly #request: ClosureFetch
  /** Received, not yet verified. */
  readonly #received = new Map<Cid, Received>()
  readonly #ancestors = new Map<Cid, Contribution>()
  readonly #evidence = new Map<Cid, Contribution>()
  readonly #sources = new Map<Cid, PeerAddress>()
  #bytesMoved = 0
  #failure: GroveError | undefined

  constructor(node: FetchContext, request: ClosureFetch) {
    this.#node = node
    this.#request = request
  }

  /**
   * Walks up from the contribution through what is here and what was received, and verifies that.
   */
  async walk(): Promise<void> {
    const { contribution, depth } = this.#request
    const walk = breadthFirst(contribution.cid, {
      maxDepth: depth + 1,
      maxCount: CLOSURE_MAX_CONTRIBUTIONS + 1,
    })
    this.present = []
    this.missing = []
    let step = walk.next()
    for (let at = 0; !step.done && at <= depth; at++)
      step = walk.next(await this.#parents(step.value))
  }

  /**
   * One closure request. An unrelated item is the peer's fault; what came before a failure is kept.
   */
  async askPeer(peer: PeerAddress): Promise<void> {
    const { contribution, depth, replies, part = {}, signal } = this.#request
    const received = new Set<Cid>()
    const request = {
      cid: contribution.cid,
      ancestors: depth,
      evidence: true,
      ...(replies === true ? { replies } : {}),
      ...(part.after === undefined ? {} : { evidenceAfter: part.after }),
      ...(part.since === undefined ? {} : { evidenceSince: part.since }),
    }
    const take = ({ records, isShared }: ClosurePart) => {
      for (const record of records) received.add(this.#receive(record, { peer, isShared }))
    }
    const came = this.#cameFrom(peer)
    try {
      if (came !== undefined) take(came)
      const asking = { signal, take }
      this.#rest =
        came?.trailer ?? (await this.#node.closures.ask(this.#node, peer, request, asking))
      this.answered = true
    } catch (error) {
      if (signal.aborted && !isGroveError(signal.reason, 'fetch-timeout')) throw error
      if (!isGroveError(error)) throw error
      this.#failure = error
    }
    await this.walk()
    await this.#takeEvidence(peer, [...received])
  }

  /** What the peer has sent already, if that is what is asked for. */
  #cameFrom(peer: PeerAddress): (ClosurePart & { readonly trailer: ClosureTrailer }) | undefined {
    const { came, depth, replies, part } = this.#request
    const isAsked = came?.peer.address === peer.address && came.ancestors === depth
    if (came?.closure === undefined || !isAsked || replies !== true || part) return undefined
    return { ...came.closure, isShared: came.isShared }
  }

  outcome(): Closure {
    const reason = this.answered ? 'absent' : (this.#failure?.code ?? 'absent')
    return {
      ancestors: parentsFirst([...this.#ancestors.values()], parentsOf),
      evidence: [...this.#evidence.values()],
      present: this.present,
      missing: new Map(this.missing.map((cid) => [cid, reason])),
      sources: this.#sources,
      bytesMoved: this.#bytesMoved,
      answered: this.answered,
      rest: this.#rest,
      leftOut: this.#leftOut,
    }
  }

  #receive(record: ClosureRecord, from: Pick<Received, 'peer' | 'isShared'>): Cid {
    const cid = hashBytes(record.bytes)
    if (!from.isShared) this.#bytesMoved += record.bytes.byteLength
    if (!this.#received.has(cid)) this.#received.set(cid, { ...record, ...from })
    return cid
  }

  async #parents(cids: readonly Cid[]): Promise<Neighbours> {
    const { contribution } = this.#request
    const parents = new Map<Cid, Cid[]>()
    for (const cid of cids) {
      await this.#node.breathe()
      const found =
        cid === contribution.cid
          ? contribution
          : ((await this.#node.contributions.get(cid)) ??
            this.#ancestors.get(cid) ??
            (await this.#verifyAncestor(cid)))
      if (found !== undefined) parents.set(cid, targetsOf(found, ['derives_from']))
      if (cid !== contribution.cid) (found === undefined ? this.missing : this.present).push(cid)
    }
    return parents
  }

  async #verifyAncestor(cid: Cid): Promise<Contribution | undefined> {
    const ancestor = await this.#verified(cid)
    if (ancestor !== undefined) this.#ancestors.set(cid, ancestor)
    return ancestor
  }

  /** Breathes before each: to verify a large manifest takes what others can wait. */
  async #verified(cid: Cid): Promise<Contribution | undefined> {
    await this.#node.breathe()
    const received = this.#received.get(cid)
    if (received === undefined) return undefined
    try {
      const contribution = received.isShared
        ? verifyManifest(received.bytes, cid, received.attestations)
        : verifyManifestFrom(this.#node, received.peer, received, cid)
      if (!received.isShared)
        this.#node.peers.bytesGood(received.peer.address, received.bytes.byteLength)
      this.#sources.set(cid, received.peer)
      return contribution
    } catch (error) {
      if (!isGroveError(error)) throw error
      this.#received.delete(cid)
      return undefined
    }
  }

  /** Stops after FAULTS_MAX bad items: more of them would say no more about the peer. */
  async #takeEvidence(peer: PeerAddress, received: readonly Cid[]): Promise<void> {
    const { contribution, replies, takeEvidence = () => true } = this.#request
    const { maxPerAuthor = Number.POSITIVE_INFINITY } = this.#request
    const types = replies === true ? ABOUT : EVIDENCE
    const perAuthor = new Map<string, number>()
    const isNew = (cid: Cid) =>
      cid !== contribution.cid && !this.#ancestors.has(cid) && !this.#evidence.has(cid)
    let faults = 0
    for (const cid of await this.#node.contributions.missing(received.filter(isNew))) {
      const candidate = await this.#verified(cid)
      const isEvidence =
        candidate !== undefined && targetsOf(candidate, types).includes(contribution.cid)
      if (candidate === undefined || (!isEvidence && this.#isFault(peer, cid))) faults += 1
      if (faults === FAULTS_MAX) return this.#distrust(received)
      if (!isEvidence) continue
      const { agentId } = candidate.manifest.agent
      const ofAuthor = (perAuthor.get(agentId) ?? 0) + 1
      perAuthor.set(agentId, ofAuthor)
      if (ofAuthor > maxPerAuthor) this.#leftOut = true
      if (ofAuthor > maxPerAuthor) continue
      if (!takeEvidence(peer.address, candidate.bytes.byteLength)) {
        this.answered = false
        return
      }
      this.#evidence.set(cid, candidate)
    }
  }

  /** Forgets what a peer sent and was not taken yet. */
  #distrust(received: readonly Cid[]): void {
    this.answered = false
    for (const cid of received) this.#received.delete(cid)
  }

  /**
   * Whether it was wrong to send this. The 0.1 route answers with everything that names the
   * contribution in any way, which is no fault.
   */
  #isFault(peer: PeerAddress, cid: Cid): boolean {
    const { contribution } = this.#request
    const candidate = this.#received.get(cid)
    this.#received.delete(cid)
    this.#sources.delete(cid)
    if (candidate !== undefined && Buffer.from(candidate.bytes).includes(contribution.cid))
      return false
    const error = new GroveError(
      'peer-fault',
      { ...peer, fault: 'unrelated', cid },
      { message: `${peer.address} sent ${cid}, which has nothing to do with ${contribution.cid}` },
    )
    if (candidate?.isShared !== true) noteFailure(this.#node, peer, error)
    return true
  }
}
