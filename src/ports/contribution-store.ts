import type { Cid } from '../core/cid.ts'
import type { Contribution } from '../core/contribution/contribution.ts'

/** Where a contribution came from, and when this grove first saw it (`receivedAt`, Unix ms). */
export interface Provenance {
  readonly origin: 'local' | 'peer'
  readonly peerId?: string
  readonly address?: string
  readonly receivedAt: number
}

export interface Stored extends Contribution {
  readonly provenance: Provenance
}

/** A contribution and its number in the log. */
export interface LogEntry {
  readonly seq: number
  readonly stored: Stored
}

/**
 * A grow-only set of contributions, and the log of how it grew.
 *
 * Contract: when `put` resolves, the contribution is durable (it survives a kill at that moment)
 * and visible, together with all that the index derives from it: all or nothing. Puts that are
 * under way at once may share one commit. Throws `storage-full`, `storage-failed`.
 *
 * The log numbers contributions in the order in which they become visible, from 1 on. A number is
 * never given twice, not even after its contribution is deleted or the grove restarts; the log may
 * have gaps. A reader that asks on from the last number it got sees every contribution once. `put`
 * doesn't return the number: another store may give it a moment later.
 */
export interface ContributionStore {
  /** Names this log: 16 hex digits, drawn anew for a new directory and for a copy of one. */
  readonly logId: string
  /** Attestations are not kept yet: what is read again has none. */
  put(contribution: Contribution, provenance: Provenance): Promise<'added' | 'present'>
  get(cid: Cid): Promise<Stored | undefined>
  /** Those that are here, in the order of `cids`. */
  getMany(cids: readonly Cid[]): Promise<Stored[]>
  /** Those of `cids` that are not here, in their order. */
  missing(cids: readonly Cid[]): Promise<Cid[]>
  /** Cids that begin with these hex digits, ascending, at most `limit`. */
  resolve(digits: string, limit: number): Promise<Cid[]>
  count(): Promise<number>
  /** The entries with a greater number than `seq`, ascending, at most `limit`. O(limit). */
  since(seq: number, limit: number): Promise<LogEntry[]>
  /** The number that was given last; 0 where none was. */
  lastSeq(): Promise<number>
}
