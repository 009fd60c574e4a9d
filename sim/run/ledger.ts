import type { Cid } from '../../src/core/cid.ts'
import type { Contribution } from '../../src/core/contribution/contribution.ts'

/** Something that a grove said was done: it holds from then on. */
export interface Acknowledged {
  readonly grove: string
  readonly cid: Cid
  /** Artifacts that were there when it was said. */
  readonly blobs: readonly Cid[]
}

/** What has been said to be done in a run, and what is under way. */
export class Ledger {
  readonly acknowledged: Acknowledged[] = []
  readonly published = new Map<Cid, Contribution>()
  /** Operations that have begun, with the moment (virtual ms) by which they have to be over. */
  readonly pending = new Map<
    number,
    { readonly grove: string; readonly boot: number; readonly what: string; readonly due: number }
  >()
  readonly outcomes = new Map<string, number>()
  #operations = 0

  begin(grove: string, boot: number, what: string, due: number): number {
    this.#operations += 1
    this.pending.set(this.#operations, { grove, boot, what, due })
    return this.#operations
  }

  end(operation: number, outcome: string): void {
    this.pending.delete(operation)
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1)
  }
}
