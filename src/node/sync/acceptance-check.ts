import type { Cid } from '../../core/cid.ts'
import type { Contribution } from '../../core/contribution/contribution.ts'
import { GroveError } from '../../core/errors.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import { type Policy, unwantedReason } from '../../core/policy.ts'
import type { Candidate } from '../../protocol/sync/want.ts'
import type { AdvertisementVerifier, Assertion, Verdict } from '../peers/advertisement-verifier.ts'

/**
 * Compares a manifest with what was advertised and with the policy, before background sync stores
 * it.
 */
export class AcceptanceCheck {
  readonly #advertisements: AdvertisementVerifier
  readonly #policy: Policy
  readonly #said = new Map<Cid, Assertion[]>()
  readonly #verdicts = new Map<Cid, Verdict>()

  constructor(
    advertisements: AdvertisementVerifier,
    candidates: readonly Candidate[],
    policy: Policy,
  ) {
    this.#advertisements = advertisements
    this.#policy = policy
    for (const { cid, providers, ...advertisement } of candidates) {
      const said = this.#said.get(cid) ?? []
      said.push(...providers.map((peer) => ({ peer, advertisement })))
      this.#said.set(cid, said)
    }
  }

  /**
   * Throws `unwanted` where the policy does not want it after all, and `peer-fault` where the
   * sender of the manifest, or everybody, had advertised something else.
   */
  accept(contribution: Contribution, from: PeerAddress): void {
    const { cid, manifest } = contribution
    const verdict =
      this.#verdicts.get(cid) ??
      this.#advertisements.verify(contribution, this.#said.get(cid) ?? [])
    this.#verdicts.set(cid, verdict)
    const reason = unwantedReason(manifest, this.#policy)
    if (reason !== undefined) throw new GroveError('unwanted', { cid, reason })
    const proof = verdict.contradicting.get(from.address) ?? verdict.contradiction
    if (proof !== undefined) throw proof
  }
}
