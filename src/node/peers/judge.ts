import { remember } from '../../concurrency/bounded.ts'
import type { Cid } from '../../core/cid.ts'
import type { Contribution } from '../../core/contribution/contribution.ts'
import { GroveError } from '../../core/errors.ts'
import type { Proof } from '../../core/peers/peer-record.ts'
import { isReservedMetric } from '../../core/ranking/frontier.ts'
import { timestamp } from '../../ports/clock.ts'
import { contradicts } from '../../protocol/gossip/digest.ts'
import type { Claim, PeerAddress } from '../../protocol/messages.ts'
import type { NodeContext } from '../context.ts'

/** Claims remembered as judged, so that none counts twice: beyond it the oldest may count again. */
const JUDGED_MAX = 8_192

/** A claim about one contribution, and the peer in whose name it was made. */
export interface Said {
  readonly peer: PeerAddress
  readonly claim: Pick<Claim, 'metric' | 'direction' | 'value' | 'hearsay' | 'guessed'>
}

export interface Verdict {
  /** What contradicts the manifest, by the address of the peer that answered so itself. */
  readonly liars: ReadonlyMap<string, GroveError>
  /** The first contradiction, whoever made it; undefined where some claim is not contradicted. */
  readonly unfounded: GroveError | undefined
}

/** Holds what peers claim of contributions against the manifests: what is kept counts for them, what is broken against them. */
export class Judge {
  readonly #node: NodeContext
  readonly #judged = new Set<string>()

  constructor(node: NodeContext) {
    this.#node = node
  }

  /**
   * Compares claims with the manifest that they name. A peer is convicted only of its own word: what was merely sent here in its
   * name is dropped where it is wrong, and held against nobody.
   */
  judge(contribution: Contribution, said: readonly Said[]): Verdict {
    const liars = new Map<string, GroveError>()
    const wrong: GroveError[] = []
    for (const { peer, claim } of said) {
      const { metric, value, hearsay = false, guessed = false } = claim
      const direction = guessed ? undefined : claim.direction
      if (!contradicts(contribution.manifest, { metric, value, direction })) this.#credit(contribution.cid, peer, claim)
      else {
        const error = contradiction(contribution, claim, peer)
        wrong.push(error)
        if (hearsay) this.#node.tell({ type: 'claim-broken', peerId: peer.peerId, cid: contribution.cid, hearsay })
        else {
          liars.set(peer.address, error)
          this.#convict(contribution, { peer, claim }, error)
        }
      }
    }
    return { liars, unfounded: wrong.length === said.length ? wrong[0] : undefined }
  }

  /** Judges what gossip claims of these, where they are held here. */
  async review(cids: Iterable<Cid>): Promise<void> {
    const open = new Map<Cid, Said[]>()
    for (const cid of new Set(cids)) {
      const said = this.#node.replica.claimsOf(cid).filter((one) => !this.#isJudged(cid, one))
      if (said.length > 0) open.set(cid, said)
    }
    if (open.size === 0) return
    for (const contribution of await this.#node.graph.getMany([...open.keys()]))
      this.judge(contribution, open.get(contribution.cid) ?? [])
  }

  #isJudged(cid: Cid, { peer, claim }: Said): boolean {
    return isReservedMetric(claim.metric) || this.#judged.has(keyOf(cid, peer, claim))
  }

  #credit(cid: Cid, peer: PeerAddress, claim: Said['claim']): void {
    if (isReservedMetric(claim.metric) || !this.#isFirst(cid, peer, claim)) return
    if (claim.hearsay !== true) this.#node.peers.claimKept(peer.address)
  }

  #convict({ cid, manifest }: Contribution, { peer, claim }: Said, error: GroveError): void {
    if (!this.#isFirst(cid, peer, claim)) return
    const { metric, value, direction } = claim
    const score = scoreOf(manifest, metric)
    const proof: Proof = {
      cid,
      metric,
      claimed: { value, direction },
      ...(score === undefined ? {} : { actual: { value: score.value, direction: score.direction } }),
      at: timestamp(this.#node.clock.now()),
    }
    this.#node.peers.claimBroken(peer.address, proof, error)
    this.#node.tell({ type: 'claim-broken', peerId: peer.peerId, cid })
    this.#node.events.publish({ type: 'peer-fault', peerId: peer.peerId, code: error.code, message: error.message })
    this.#node.log.warn('claim broken', { ...peer, cid, reason: error.message })
  }

  #isFirst(cid: Cid, peer: PeerAddress, claim: Said['claim']): boolean {
    const key = keyOf(cid, peer, claim)
    if (this.#judged.has(key)) return false
    remember(this.#judged, key, JUDGED_MAX)
    return true
  }
}

/** By hearsay and on its own word are two claims: the one must not keep the other from being judged. */
function keyOf(cid: Cid, { address }: PeerAddress, { metric, direction, value, hearsay }: Said['claim']): string {
  return `${hearsay === true ? 'h' : ''} ${address} ${cid} ${direction} ${value} ${metric}`
}

function scoreOf(manifest: Contribution['manifest'], metric: string) {
  return manifest.scores !== undefined && Object.hasOwn(manifest.scores, metric) ? manifest.scores[metric] : undefined
}

function contradiction({ cid, manifest }: Contribution, claim: Said['claim'], peer: PeerAddress): GroveError {
  const { metric, value, direction } = claim
  const score = scoreOf(manifest, metric)
  const truth = score === undefined ? 'has no such score' : `has ${score.value} (${score.direction})`
  const message = `${peer.address} claims ${metric} ${value} (${direction}) for ${cid}, which ${truth}`
  return new GroveError('peer-fault', { ...peer, fault: 'claim-broken', cid, metric, value }, { message })
}
