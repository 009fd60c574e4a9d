import type { Random } from '../../core/random.ts'
import type { Stores } from '../../ports/stores.ts'
import { MemoryBlobs } from './blobs.ts'
import { MemoryGraph } from './graph.ts'
import { MemoryRecords } from './records.ts'

/** Stores that keep nothing beyond the process: for tests and simulations, and as the reference. */
export function memoryStores(random: Random): Stores {
  const blobs = new MemoryBlobs()
  const close = () => blobs.close()
  return {
    graph: new MemoryGraph(random),
    blobs,
    records: new MemoryRecords(),
    close,
    [Symbol.asyncDispose]: close,
  }
}
