import { BoundedMap } from '../../concurrency/bounded.ts'
import type { Cid } from '../../core/cid.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { Closure, EvidencePart } from '../fetch/closure.ts'

/** Contributions, by peer, of which it is remembered what has been asked for. */
const ASKED_MAX = 4_096

/** How far one peer's evidence about one contribution has been brought. */
interface Asked {
  /** The fingerprint of what has been brought whole. */
  readonly mark?: string
  /** What the pass under way is about: all that came to the peer after this moment. */
  readonly since?: string | undefined
  /** The place that the pass has come to. */
  readonly after?: string | undefined
  /** When the pass under way began: the next one is about what came after it. */
  readonly begunAt?: string | undefined
  /** Whether the pass has left something out. */
  readonly isPartial?: boolean
}

/**
 * What has been asked for, by peer and contribution, so that no peer is asked twice for the same.
 * Evidence that doesn't fit into one answer is brought in a pass of several, one a round.
 */
export class EvidenceMemory {
  readonly #asked = new BoundedMap<string, Asked>(ASKED_MAX)

  isNew(peer: PeerAddress, cid: Cid, mark: string): boolean {
    return this.#of(peer, cid).mark !== mark
  }

  /** What to ask for next. */
  part(peer: PeerAddress, cid: Cid): EvidencePart {
    const { after, since } = this.#of(peer, cid)
    return { after, since }
  }

  /** The peer has nothing else with this fingerprint. */
  note(peer: PeerAddress, cid: Cid, mark: string): void {
    this.#set(peer, cid, { ...this.#of(peer, cid), mark })
  }

  /** The peer has answered the question about the next part. */
  answered(
    peer: PeerAddress,
    { cid, mark }: { readonly cid: Cid; readonly mark: string },
    { rest: { next, until }, leftOut }: Pick<Closure, 'rest' | 'leftOut'>,
  ): void {
    const { since, after, begunAt = until, isPartial = false } = this.#of(peer, cid)
    if (next !== undefined)
      this.#set(peer, cid, { since, after: next, begunAt, isPartial: isPartial || leftOut })
    else if (isPartial || leftOut) this.#set(peer, cid, { since })
    // What came during a pass of several answers may have been missed: the next one looks for it.
    else if (after !== undefined) this.#set(peer, cid, { since: begunAt })
    else this.#set(peer, cid, { since: until, mark })
  }

  #of({ address }: PeerAddress, cid: Cid): Asked {
    return this.#asked.get(`${address} ${cid}`) ?? {}
  }

  #set({ address }: PeerAddress, cid: Cid, asked: Asked): void {
    this.#asked.set(`${address} ${cid}`, asked)
  }
}
