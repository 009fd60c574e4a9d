import type { Cid } from '../core/cid.ts'
import type { Stub } from '../core/wire/federation.ts'

/** Contributions that are known only by their cid, and who promised them. */
export interface StubStore {
  /**
   * Remembers who promised an absent contribution, besides those who did before; `since` (Unix ms)
   * of the first promise stays. No effect if the contribution is here.
   */
  putStub(cid: Cid, promisedBy: readonly string[], since: number): Promise<void>
  /** Undefined where there is no stub: putting a contribution removes its stub. */
  stub(cid: Cid): Promise<Stub | undefined>
  stubCount(): Promise<number>
  /** Oldest first, ties by cid. */
  stubs(limit: number): Promise<Stub[]>
}
