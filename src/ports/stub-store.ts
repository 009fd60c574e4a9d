import type { Cid } from '../core/cid.ts'
import type { Stub } from '../core/wire/federation.ts'

/** Contributions that are known by id only, and who promised them. */
export interface StubStore {
  /**
   * Remembers who promised an absent contribution, in addition to earlier promises; the moment
   * (Unix ms) of the first stays. No effect if the contribution is here.
   */
  putStub(cid: Cid, promisedBy: readonly string[], since: number): Promise<void>
  /** One stub; undefined where there is none. A stub goes by itself when its contribution is put. */
  stub(cid: Cid): Promise<Stub | undefined>
  stubCount(): Promise<number>
  /** Oldest first, ties by cid. */
  stubs(limit: number): Promise<Stub[]>
}
