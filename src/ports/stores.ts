import type { BlobStore } from './blob-store.ts'
import type { GraphStore } from './graph-store.ts'
import type { KeyStore } from './key-store.ts'
import type { RecordStore } from './record-store.ts'
import type { StoreHealth } from './store-health.ts'

/** The stores of a grove, opened and closed together. */
export interface Stores extends AsyncDisposable {
  readonly graph: GraphStore
  readonly blobs: BlobStore
  readonly records: RecordStore
  readonly keys: KeyStore
  readonly health: StoreHealth
  /** Finishes what is under way, then releases everything. Later calls throw `shutting-down`. */
  close(): Promise<void>
}

/** Runs a task after the events that wait now. What those start is then under way. */
export type NextTurn = (task: () => void) => void
