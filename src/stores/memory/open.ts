import type { Random } from '../../core/random.ts'
import type { StoreHealth } from '../../ports/store-health.ts'
import type { Stores } from '../../ports/stores.ts'
import { MemoryBlobs } from './blobs.ts'
import { MemoryGraph } from './graph.ts'
import { MemoryKeys } from './keys.ts'
import { MemoryRecords } from './records.ts'

/** Memory keeps what it is given. */
export const healthy: StoreHealth = {
  damaged: () => [],
  onDamage: () => () => {},
  async check() {},
  async room() {
    return undefined
  },
  async keepId() {},
}

/** Stores that keep nothing beyond the process: for tests and simulations, and as the reference. */
export function memoryStores(random: Random): Stores {
  const blobs = new MemoryBlobs()
  const close = () => blobs.close()
  return {
    graph: new MemoryGraph(random),
    blobs,
    records: new MemoryRecords(),
    keys: new MemoryKeys(),
    health: healthy,
    close,
    [Symbol.asyncDispose]: close,
  }
}
