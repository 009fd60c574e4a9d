import { BoundedSet } from '../../concurrency/bounded.ts'
import type { Cid } from '../../core/cid.ts'
import { GroveError } from '../../core/errors.ts'
import type { Proof } from '../../core/peers/peer-record.ts'
import { type Advertisement, contradicts, scoreOf } from '../../core/ranking/advertisement.ts'
import { isReservedMetric } from '../../core/ranking/frontier.ts'
import { timestamp } from '../../core/time.ts'
import type { Gist, PeersContext } from '../context.ts'

/**
 * Advertisements remembered as verified, so that none counts twice. The oldest may count again.
 */
const VERIFIED_MAX = 8_192

/** What a contribution says of itself that advertisements are compared with. */
type Compared = { readonly manifest: Pick<Gist['manifest'], 'scores'> }

export interface Verdict {
  /** Contradictions by the address of the peer whose own word it was. */
  readonly contradicting: ReadonlyMap<string, GroveError>
  /** The first contradiction, if all advertisements are contradicted. */
  readonly contradiction: GroveError | undefined
}

/**
 * Compares advertisements with manifests. Confirmed ones count for a peer, contradicted ones
 * against it.
 */
export class AdvertisementVerifier {
  readonly #node: PeersContext
  readonly #verified = new BoundedSet<string>(VERIFIED_MAX)

  constructor(node: PeersContext) {
    this.#node = node
  }

  /**
   * Compares advertisements with the manifest of their item. A peer is blamed only for its own
   * word. What was only sent here in its name is dropped if it is wrong, and blamed on no peer.
   */
  verify(contribution: Compared, advertisements: readonly Advertisement[]): Verdict {
    const contradicting = new Map<string, GroveError>()
    const wrong: GroveError[] = []
    for (const advertisement of advertisements) {
      if (!contradicts(contribution.manifest, advertisement)) this.#credit(advertisement)
      else {
        const error = contradiction(contribution, advertisement)
        wrong.push(error)
        if (advertisement.unauthenticated === true) this.#drop(advertisement)
        else {
          contradicting.set(advertisement.from.address, error)
          this.#convict(contribution, advertisement, error)
        }
      }
    }
    const allAreWrong = wrong.length === advertisements.length
    return { contradicting, contradiction: allAreWrong ? wrong[0] : undefined }
  }

  /** Verifies what gossip advertises of these items, as far as they are held here. */
  async verifyHeld(cids: Iterable<Cid>): Promise<void> {
    const open = new Map<Cid, Advertisement[]>()
    for (const cid of new Set(cids)) {
      const unverified = this.#node.gossip
        .advertisementsOf(cid)
        .filter((advertisement) => !this.#isVerified(advertisement))
      if (unverified.length > 0) open.set(cid, unverified)
    }
    if (open.size === 0) return
    for await (const gist of this.#node.gists.each(this.#node, open.keys()))
      this.verify(gist, open.get(gist.cid) ?? [])
  }

  #isVerified(advertisement: Advertisement): boolean {
    return isReservedMetric(advertisement.metric) || this.#verified.has(keyOf(advertisement))
  }

  #credit(advertisement: Advertisement): void {
    const { metric, from, unauthenticated } = advertisement
    if (isReservedMetric(metric) || !this.#isFirst(advertisement)) return
    if (unauthenticated !== true) this.#node.peers.advertisementConfirmed(from.address)
  }

  #drop({ from: { peerId }, cid }: Advertisement): void {
    const type = 'advertisement-contradicted'
    this.#node.tell({ type, peerId, cid, unauthenticated: true })
  }

  #convict({ manifest }: Compared, advertisement: Advertisement, error: GroveError): void {
    if (!this.#isFirst(advertisement)) return
    const { cid, metric, value, direction, from } = advertisement
    const score = scoreOf(manifest, metric)
    const proof: Proof = {
      cid,
      metric,
      advertised: { value, direction },
      ...(score && { actual: { value: score.value, direction: score.direction } }),
      at: timestamp(this.#node.clock.now()),
    }
    this.#node.peers.advertisementContradicted(from.address, proof, error)
    this.#node.tell({ type: 'advertisement-contradicted', peerId: from.peerId, cid })
    this.#node.events.publish({
      type: 'peer-fault',
      peerId: from.peerId,
      code: error.code,
      message: error.message,
    })
    this.#node.log.warn('advertisement contradicted', { ...from, cid, reason: error.message })
  }

  #isFirst(advertisement: Advertisement): boolean {
    const key = keyOf(advertisement)
    if (this.#verified.has(key)) return false
    this.#verified.add(key)
    return true
  }
}

/** A peer's own word, and a message in its name, are verified separately. */
function keyOf({ cid, metric, direction, value, from, unauthenticated }: Advertisement): string {
  const basis = unauthenticated === true ? '~' : ''
  return `${basis} ${from.address} ${cid} ${direction} ${value} ${metric}`
}

function contradiction({ manifest }: Compared, advertisement: Advertisement): GroveError {
  const { cid, metric, value, direction, from } = advertisement
  const score = scoreOf(manifest, metric)
  const truth =
    score === undefined ? 'has no such score' : `has ${score.value} (${score.direction})`
  const advertised = `${metric} ${value} (${direction}) for ${cid}`
  const message = `${from.address} advertises ${advertised}, which ${truth}`
  return new GroveError(
    'peer-fault',
    { ...from, fault: 'advertisement-contradicted', cid, metric, value },
    { message },
  )
}
