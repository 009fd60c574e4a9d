import type { Cid } from '../core/cid.ts'
import type { Stub } from '../core/wire/federation.ts'

/** Contributions that are known by id only, and who promised them. */
export interface StubStore {
  /**
   * Remembers who promised an absent contribution, in addition to earlier promises; the moment
   * (Unix ms) of the first stays. No effect if the contribution is here.
   */
  putStub(cid: Cid, promisedBy: readonly string[], since: number): Promise<void>
  /** Oldest first. A stub goes by itself when its contribution is put. */
  stubs(limit: number): Promise<Stub[]>
}
