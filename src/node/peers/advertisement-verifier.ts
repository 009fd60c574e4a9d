import { BoundedSet } from '../../concurrency/bounded.ts'
import type { Cid } from '../../core/cid.ts'
import type { Contribution } from '../../core/contribution/contribution.ts'
import { GroveError } from '../../core/errors.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { Proof } from '../../core/peers/peer-record.ts'
import { isReservedMetric } from '../../core/ranking/frontier.ts'
import { timestamp } from '../../core/time.ts'
import { contradicts } from '../../protocol/gossip/digest.ts'
import type { Advertisement } from '../../protocol/messages.ts'
import type { PeersContext } from '../context.ts'

/**
 * Advertisements remembered as verified, so that none counts twice; forgotten ones may count again.
 */
const VERIFIED_MAX = 8_192

/** An advertisement of one contribution, and the peer in whose name it was made. */
export interface Assertion {
  readonly peer: PeerAddress
  readonly advertisement: Pick<
    Advertisement,
    'metric' | 'direction' | 'value' | 'unauthenticated' | 'directionGuessed'
  >
}

export interface Verdict {
  /** The contradictions of peers that answered so themselves, by address. */
  readonly contradicting: ReadonlyMap<string, GroveError>
  /** The first contradiction; undefined where some advertisement agrees with the manifest. */
  readonly contradiction: GroveError | undefined
}

/** Compares what peers advertise with the manifests: it counts for them, or against them. */
export class AdvertisementVerifier {
  readonly #node: PeersContext
  readonly #verified = new BoundedSet<string>(VERIFIED_MAX)

  constructor(node: PeersContext) {
    this.#node = node
  }

  /**
   * Compares advertisements with the manifest that they name. A peer is convicted only of its own
   * word: what was sent here in its name is dropped where it is wrong, and held against nobody.
   */
  verify(contribution: Contribution, said: readonly Assertion[]): Verdict {
    const contradicting = new Map<string, GroveError>()
    const wrong: GroveError[] = []
    for (const { peer, advertisement } of said) {
      const { metric, value, unauthenticated = false, directionGuessed = false } = advertisement
      const direction = directionGuessed ? undefined : advertisement.direction
      if (!contradicts(contribution.manifest, { metric, value, direction }))
        this.#credit(contribution.cid, peer, advertisement)
      else {
        const error = contradiction(contribution, advertisement, peer)
        wrong.push(error)
        if (unauthenticated)
          this.#node.tell({
            type: 'advertisement-contradicted',
            peerId: peer.peerId,
            cid: contribution.cid,
            unauthenticated,
          })
        else {
          contradicting.set(peer.address, error)
          this.#convict(contribution, { peer, advertisement }, error)
        }
      }
    }
    return {
      contradicting: contradicting,
      contradiction: wrong.length === said.length ? wrong[0] : undefined,
    }
  }

  /** Verifies what gossip advertises of these, where they are held here. */
  async verifyHeld(cids: Iterable<Cid>): Promise<void> {
    const open = new Map<Cid, Assertion[]>()
    for (const cid of new Set(cids)) {
      const said = this.#node.gossip.assertionsOf(cid).filter((one) => !this.#isVerified(cid, one))
      if (said.length > 0) open.set(cid, said)
    }
    if (open.size === 0) return
    for (const contribution of await this.#node.contributions.getMany([...open.keys()]))
      this.verify(contribution, open.get(contribution.cid) ?? [])
  }

  #isVerified(cid: Cid, { peer, advertisement }: Assertion): boolean {
    return (
      isReservedMetric(advertisement.metric) || this.#verified.has(keyOf(cid, peer, advertisement))
    )
  }

  #credit(cid: Cid, peer: PeerAddress, advertisement: Assertion['advertisement']): void {
    if (isReservedMetric(advertisement.metric) || !this.#isFirst(cid, peer, advertisement)) return
    if (advertisement.unauthenticated !== true)
      this.#node.peers.advertisementConfirmed(peer.address)
  }

  #convict(
    { cid, manifest }: Contribution,
    { peer, advertisement }: Assertion,
    error: GroveError,
  ): void {
    if (!this.#isFirst(cid, peer, advertisement)) return
    const { metric, value, direction } = advertisement
    const score = scoreOf(manifest, metric)
    const proof: Proof = {
      cid,
      metric,
      advertised: { value, direction },
      ...(score === undefined
        ? {}
        : { actual: { value: score.value, direction: score.direction } }),
      at: timestamp(this.#node.clock.now()),
    }
    this.#node.peers.advertisementContradicted(peer.address, proof, error)
    this.#node.tell({ type: 'advertisement-contradicted', peerId: peer.peerId, cid })
    this.#node.events.publish({
      type: 'peer-fault',
      peerId: peer.peerId,
      code: error.code,
      message: error.message,
    })
    this.#node.log.warn('advertisement contradicted', { ...peer, cid, reason: error.message })
  }

  #isFirst(cid: Cid, peer: PeerAddress, advertisement: Assertion['advertisement']): boolean {
    const key = keyOf(cid, peer, advertisement)
    if (this.#verified.has(key)) return false
    this.#verified.add(key)
    return true
  }
}

/** What a peer said itself and what was said in its name are verified apart from each other. */
function keyOf(
  cid: Cid,
  { address }: PeerAddress,
  { metric, direction, value, unauthenticated }: Assertion['advertisement'],
): string {
  return `${unauthenticated === true ? 'h' : ''} ${address} ${cid} ${direction} ${value} ${metric}`
}

function scoreOf(manifest: Contribution['manifest'], metric: string) {
  return manifest.scores !== undefined && Object.hasOwn(manifest.scores, metric)
    ? manifest.scores[metric]
    : undefined
}

function contradiction(
  { cid, manifest }: Contribution,
  advertisement: Assertion['advertisement'],
  peer: PeerAddress,
): GroveError {
  const { metric, value, direction } = advertisement
  const score = scoreOf(manifest, metric)
  const truth =
    score === undefined ? 'has no such score' : `has ${score.value} (${score.direction})`
  const message = `${peer.address} advertises ${metric} ${value} (${direction}) for ${cid}, which ${truth}`
  return new GroveError(
    'peer-fault',
    { ...peer, fault: 'advertisement-contradicted', cid, metric, value },
    { message },
  )
}
