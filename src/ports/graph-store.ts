import type { ContributionStore } from './contribution-store.ts'
import type { GraphIndex } from './graph-index.ts'
import type { OriginStore } from './origin-store.ts'
import type { StubStore } from './stub-store.ts'

/** The graph as one store keeps it: contributions, their origins and index, and stubs. */
export interface GraphStore extends ContributionStore, GraphIndex, StubStore {
  readonly origins: OriginStore
  close(): Promise<void>
}
