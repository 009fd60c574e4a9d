import type { Cid } from '../core/cid.ts'
import type { Stub } from '../core/wire/federation.ts'

/** Stubs, and the peers that promised their contributions. */
export interface StubStore {
  /**
   * Adds peers, by id, to those that promised a contribution. The first `since` (Unix ms) stays.
   * Does nothing if the contribution is held. Among STUBS_MAX others, a new stub takes the place of
   * one that nobody promised, else of one of those who promised most; the oldest goes first.
   */
  putStub(cid: Cid, promisedBy: readonly string[], since: number): Promise<void>
  /** Undefined if there is no stub. Storing a contribution removes its stub. */
  stub(cid: Cid): Promise<Stub | undefined>
  stubCount(): Promise<number>
  /** Oldest first, ties by cid. */
  stubs(limit: number): Promise<Stub[]>
}
