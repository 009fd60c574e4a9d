import { memoryStores } from '../../src/stores/memory/open.ts'
import { blobStoreSuite } from './suites/blob-store.ts'
import { graphQueriesSuite } from './suites/graph-queries.ts'
import { graphStoreSuite } from './suites/graph-store.ts'
import { recordStoreSuite } from './suites/record-store.ts'
import { scenarioSuite } from './suites/scenario.ts'

const openGraph = async () => {
  const stores = memoryStores()
  return { store: stores.graph, [Symbol.asyncDispose]: stores.close }
}

graphStoreSuite('memory', openGraph)
graphQueriesSuite('memory', openGraph)
scenarioSuite('memory', openGraph)

blobStoreSuite('memory', async () => {
  const stores = memoryStores()
  return { store: stores.blobs, leftovers: async () => [], [Symbol.asyncDispose]: stores.close }
})

recordStoreSuite('memory', async () => {
  const stores = memoryStores()
  return { store: stores.records, [Symbol.asyncDispose]: stores.close }
})
