import type { Cid } from '../core/cid.ts'
import type { SigningKey } from '../core/identity/ed25519.ts'
import type { Origin } from '../core/identity/origin.ts'
import type { Provenance } from './contribution-store.ts'

/** The origins of one contribution that are kept, in the order of `originsKept`. */
export type KeptOrigins = readonly [cid: Cid, origins: readonly Origin[]]

/** A stretch of the log. */
export interface UnsignedPage {
  /** What was published here and this grove has not signed. */
  readonly cids: readonly Cid[]
  /** The last number that was looked at; undefined if the log has ended before. */
  readonly to: number | undefined
}

/**
 * Who has signed contributions. Only origins that hold are given to it. Of one contribution it
 * keeps one a key, the first that came, and ORIGINS_MAX at most; those of own keys always. An own
 * key is one that has signed something that was published here.
 *
 * Contract: a change is durable when it resolves. Throws as `ContributionStore` does.
 */
export interface OriginStore {
  /** Of those of `cids` that have origins, in their order. */
  of(cids: readonly Cid[]): Promise<KeptOrigins[]>
  /**
   * Adds origins of a contribution that is held: this grove's own (`local`), or others'. False
   * where nothing has changed.
   */
  add(cid: Cid, origins: readonly Origin[], from: Provenance['origin']): Promise<boolean>
  /**
   * From now on what is put as `local` gets an origin of this key, in the same transaction: what
   * shares a commit shares a signature.
   */
  signWith(key: SigningKey): void
  /**
   * Adds origins of that key, of this moment (Unix ms) and under one signature, to those of at most
   * ORIGIN_BATCH_MAX contributions that are held. Nothing where there is no key.
   */
  sign(cids: readonly Cid[], at: number): Promise<void>
  /**
   * Which of the next entries of the log after number `after` were published by somebody on this
   * machine (`Provenance.own`), and have an origin of no own key. At most `limit` entries are
   * looked at, and no more once those have SINCE_MAX_BYTES of manifests.
   */
  unsigned(after: number, limit: number): Promise<UnsignedPage>
}
