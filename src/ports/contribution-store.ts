import type { Cid } from '../core/cid.ts'
import type { Contribution } from '../core/contribution/contribution.ts'

/** Where a contribution came from. `receivedAt` is Unix ms and is also when this grove first saw it. */
export interface Provenance {
  readonly origin: 'local' | 'peer'
  readonly peerId?: string
  readonly address?: string
  readonly receivedAt: number
}

export interface Stored extends Contribution {
  readonly provenance: Provenance
}

/**
 * A grow-only set of contributions.
 *
 * Contract: when `put` resolves, the contribution is durable (it survives a kill at that moment)
 * and visible, together with all that the index derives from it: all or nothing. Puts that are
 * under way at once may share one commit. Throws `storage-full`, `storage-failed`.
 */
export interface ContributionStore {
  /** Attestations are not kept yet: what is read again has none. */
  put(contribution: Contribution, provenance: Provenance): Promise<'added' | 'present'>
  get(cid: Cid): Promise<Stored | undefined>
  /** Those that are here, in the order asked. */
  getMany(cids: readonly Cid[]): Promise<Stored[]>
  /** Those of `cids` that are not here, in their order. */
  missing(cids: readonly Cid[]): Promise<Cid[]>
  /** Cids that start with these hex digits, ascending, at most `limit`. */
  resolve(digits: string, limit: number): Promise<Cid[]>
  count(): Promise<number>
}
