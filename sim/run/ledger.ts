import type { Cid } from '../../src/core/cid.ts'
import type { Contribution } from '../../src/core/contribution/contribution.ts'
import type { Rotation } from '../../src/core/identity/rotation.ts'

/** A contribution that a grove acknowledged, and must hold from then on. */
export interface Acknowledged {
  readonly grove: string
  readonly cid: Cid
  /** Its artifacts that were held at that moment. */
  readonly blobs: readonly Cid[]
}

/** What no grove may have: of somebody that none has admitted. */
export interface Unwanted {
  readonly addresses: Set<string>
  readonly cids: Set<Cid>
}

/** What groves have acknowledged in a run, and which operations are under way. */
export class Ledger {
  readonly acknowledged: Acknowledged[] = []
  readonly published = new Map<Cid, Contribution>()
  /**
   * When each was, in virtual ms, but for what came of a grove with a copied key: of two with one
   * key others know one at a time, and what the other says may not get about.
   */
  readonly publishedAt = new Map<Cid, number>()
  /** Operations that have begun, each with the moment (virtual ms) by which it must have ended. */
  readonly pending = new Map<
    number,
    { readonly grove: string; readonly boot: number; readonly what: string; readonly due: number }
  >()
  readonly unwanted: Unwanted = { addresses: new Set(), cids: new Set() }
  /** By the address that sent it and the cid: for what a wrong origin was sent. */
  readonly wrongOrigins = new Set<string>()
  /** Who was given an invite that was good. */
  readonly joined = new Set<string>()
  /** Invites that are good no more, which others have. */
  readonly leaked: string[] = []
  /** The names of the keys that groves have given up, which others have copies of. */
  readonly givenUp: string[] = []
  readonly rotations: Rotation[] = []
  readonly outcomes = new Map<string, number>()
  #operations = 0

  /** Returns the number of the operation, which ends it. */
  begin(grove: string, boot: number, what: string, due: number): number {
    this.#operations += 1
    this.pending.set(this.#operations, { grove, boot, what, due })
    return this.#operations
  }

  end(id: number, outcome: string): void {
    this.pending.delete(id)
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1)
  }
}
