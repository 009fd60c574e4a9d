import type { Cid } from '../../core/cid.ts'
import type { Contribution } from '../../core/contribution/contribution.ts'
import { GroveError } from '../../core/errors.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import { type Policy, unwantedReason } from '../../core/policy.ts'
import type { Candidate } from '../../protocol/sync/plan.ts'
import type { NodeContext } from '../context.ts'
import type { Assertion, Verdict } from '../peers/advertisement-verifier.ts'

/** The last word before background sync stores something: what was claimed of it, and what the policy wants, against its manifest. */
export class AcceptanceCheck {
  readonly #node: NodeContext
  readonly #policy: Policy
  readonly #said = new Map<Cid, Assertion[]>()
  readonly #verdicts = new Map<Cid, Verdict>()

  constructor(node: NodeContext, candidates: readonly Candidate[], policy: Policy) {
    this.#node = node
    this.#policy = policy
    for (const { cid, providers, ...advertisement } of candidates) {
      const said = this.#said.get(cid) ?? []
      said.push(...providers.map((peer) => ({ peer, advertisement })))
      this.#said.set(cid, said)
    }
  }

  /**
   * Throws `unwanted` where the policy does not want it after all, and `peer-fault` where the peer that sent the manifest had
   * claimed something else of it, or where everybody had.
   */
  accept(contribution: Contribution, from: PeerAddress): void {
    const { cid, manifest } = contribution
    const verdict =
      this.#verdicts.get(cid) ??
      this.#node.advertisements.verify(contribution, this.#said.get(cid) ?? [])
    this.#verdicts.set(cid, verdict)
    const reason = unwantedReason(manifest, this.#policy)
    if (reason !== undefined) throw new GroveError('unwanted', { cid, reason })
    const proof = verdict.contradicting.get(from.address) ?? verdict.contradiction
    if (proof !== undefined) throw proof
  }
}
