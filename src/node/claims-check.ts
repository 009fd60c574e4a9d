import type { Cid } from '../core/cid.ts'
import type { Contribution } from '../core/contribution.ts'
import { GroveError } from '../core/errors.ts'
import { contradicts } from '../protocol/digest.ts'
import type { PeerAddress } from '../protocol/messages.ts'
import type { Candidate } from '../protocol/want.ts'
import type { NodeContext } from './context.ts'

/** Holds what peers claimed of contributions against their manifests, each claim once. */
export class ClaimsCheck {
  readonly #node: NodeContext
  readonly #claims = new Map<Cid, Candidate[]>()
  /** Peers whose claims of a contribution proved wrong, by cid. */
  readonly #liars = new Map<Cid, Map<string, GroveError>>()

  constructor(node: NodeContext, candidates: readonly Candidate[]) {
    this.#node = node
    for (const candidate of candidates) {
      if (candidate.providers.length === 0 || candidate.metric.startsWith('_')) continue
      const claims = this.#claims.get(candidate.cid) ?? []
      claims.push(candidate)
      this.#claims.set(candidate.cid, claims)
    }
  }

  /** Throws `peer-fault` where the peer that sent the manifest had claimed something else of it. */
  accept(contribution: Contribution, from: PeerAddress): void {
    const liars = this.#liars.get(contribution.cid) ?? this.#judge(contribution)
    const proof = liars.get(from.peerId)
    if (proof !== undefined) throw proof
  }

  #judge(contribution: Contribution): Map<string, GroveError> {
    const liars = new Map<string, GroveError>()
    const honest = new Set<string>()
    for (const { providers, ...claim } of this.#claims.get(contribution.cid) ?? []) {
      for (const peer of providers) {
        if (contradicts(contribution.manifest, claim)) liars.set(peer.peerId, proofOf(contribution, claim, peer))
        else honest.add(peer.peerId)
      }
    }
    for (const [peerId, proof] of liars) this.#convict(contribution.cid, peerId, proof)
    for (const peerId of honest) if (!liars.has(peerId)) this.#node.peers.claimKept(peerId)
    this.#liars.set(contribution.cid, liars)
    return liars
  }

  #convict(cid: Cid, peerId: string, proof: GroveError): void {
    this.#node.peers.claimBroken(peerId, proof)
    this.#node.tell({ type: 'claim-broken', peerId, cid })
    this.#node.events.publish({ type: 'peer-fault', peerId, code: proof.code, message: proof.message })
    this.#node.log.warn('claim broken', { peerId, cid, reason: proof.message })
  }
}

function proofOf({ cid, manifest }: Contribution, claim: Omit<Candidate, 'providers'>, peer: PeerAddress): GroveError {
  const score = manifest.scores?.[claim.metric]
  const truth = score === undefined ? 'has no such score' : `has ${score.value} (${score.direction})`
  const message = `${peer.address} claims ${claim.metric} ${claim.value} (${claim.direction}) for ${cid}, which ${truth}`
  return new GroveError(
    'peer-fault',
    { ...peer, fault: 'claim-broken', cid, metric: claim.metric, value: claim.value },
    { message },
  )
}
