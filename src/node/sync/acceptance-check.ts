import type { Cid } from '../../core/cid.ts'
import type { Contribution } from '../../core/contribution/contribution.ts'
import { GroveError } from '../../core/errors.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import { type Policy, unwantedReason } from '../../core/policy.ts'
import type { Advertisement } from '../../core/ranking/advertisement.ts'
import type { AdvertisementVerifier, Verdict } from '../peers/advertisement-verifier.ts'

/**
 * The check before background sync stores an item: its manifest against what was advertised of it,
 * and against the policy.
 */
export class AcceptanceCheck {
  readonly #verifier: AdvertisementVerifier
  readonly #policy: Policy
  readonly #advertised: ReadonlyMap<Cid, readonly Advertisement[]>
  readonly #verdicts = new Map<Cid, Verdict>()

  constructor(
    verifier: AdvertisementVerifier,
    advertisements: readonly Advertisement[],
    policy: Policy,
  ) {
    this.#verifier = verifier
    this.#policy = policy
    this.#advertised = Map.groupBy(advertisements, ({ cid }) => cid)
  }

  /**
   * Throws `unwanted` if the policy does not want the item after all, and `peer-fault` if the peer
   * that sent the manifest had advertised something else, or if all peers had.
   */
  accept(contribution: Contribution, from: PeerAddress): void {
    const { cid, manifest } = contribution
    const verdict =
      this.#verdicts.get(cid) ??
      this.#verifier.verify(contribution, this.#advertised.get(cid) ?? [])
    this.#verdicts.set(cid, verdict)
    const reason = unwantedReason(manifest, this.#policy)
    if (reason !== undefined) throw new GroveError('unwanted', { cid, reason })
    const proof = verdict.contradicting.get(from.address) ?? verdict.contradiction
    if (proof !== undefined) throw proof
  }
}
