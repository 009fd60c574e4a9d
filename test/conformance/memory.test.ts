import { memoryStores } from '../../src/stores/memory/open.ts'
import { blobStoreSuite } from './suites/blob-store.ts'
import { graphStoreSuite } from './suites/graph-store.ts'
import { recordStoreSuite } from './suites/record-store.ts'
import { scenarioSuite } from './suites/scenario.ts'

graphStoreSuite('memory', async () => {
  const stores = memoryStores()
  return { store: stores.graph, [Symbol.asyncDispose]: stores.close }
})

blobStoreSuite('memory', async () => {
  const stores = memoryStores()
  return { store: stores.blobs, leftovers: async () => [], [Symbol.asyncDispose]: stores.close }
})

recordStoreSuite('memory', async () => {
  const stores = memoryStores()
  return { store: stores.records, [Symbol.asyncDispose]: stores.close }
})

scenarioSuite('memory', async () => {
  const stores = memoryStores()
  return { store: stores.graph, [Symbol.asyncDispose]: stores.close }
})
