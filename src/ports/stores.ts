import type { BlobStore } from './blob-store.ts'
import type { GraphStore } from './graph-store.ts'
import type { RecordStore } from './record-store.ts'

/** All that a grove keeps, opened and closed together. */
export interface Stores extends AsyncDisposable {
  readonly graph: GraphStore
  readonly blobs: BlobStore
  readonly records: RecordStore
  /** Carries out what was begun, then lets go of everything. Calls after it reject with `shutting-down`. */
  close(): Promise<void>
}

/** Runs a task once the events that are waiting now have been seen to: what they start is then under way together. */
export type NextTurn = (task: () => void) => void
