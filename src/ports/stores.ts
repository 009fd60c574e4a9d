import type { BlobStore } from './blob-store.ts'
import type { GraphStore } from './graph-store.ts'
import type { RecordStore } from './record-store.ts'

/** All that a grove keeps, opened and closed together. */
export interface Stores extends AsyncDisposable {
  readonly graph: GraphStore
  readonly blobs: BlobStore
  readonly records: RecordStore
  /** Finishes what was begun, then releases everything. Later calls reject with `shutting-down`. */
  close(): Promise<void>
}

/** Runs a task after the events that are waiting now: all that they start is then under way. */
export type NextTurn = (task: () => void) => void
