import { systemRandom } from '../../src/runtime/random.ts'
import { memoryStores } from '../../src/stores/memory/open.ts'
import { blobStoreSuite } from './suites/blob-store.ts'
import { graphQueriesSuite } from './suites/graph-queries.ts'
import { graphStoreSuite } from './suites/graph-store.ts'
import { logSuite } from './suites/log.ts'
import { originsSuite } from './suites/origins.ts'
import { pagesSuite } from './suites/pages.ts'
import { partialBlobSuite } from './suites/partial-blob.ts'
import { recordStoreSuite } from './suites/record-store.ts'
import { scenarioSuite } from './suites/scenario.ts'

const openGraph = async () => {
  const stores = memoryStores(systemRandom)
  return {
    store: stores.graph,
    reopen: async () => stores.graph,
    [Symbol.asyncDispose]: stores.close,
  }
}

graphStoreSuite('memory', openGraph)
graphQueriesSuite('memory', openGraph)
scenarioSuite('memory', openGraph)
logSuite('memory', openGraph)
pagesSuite('memory', openGraph)
originsSuite('memory', openGraph)

const openBlobs = async () => {
  const stores = memoryStores(systemRandom)
  return { store: stores.blobs, leftovers: async () => [], [Symbol.asyncDispose]: stores.close }
}

blobStoreSuite('memory', openBlobs)
partialBlobSuite('memory', openBlobs)

recordStoreSuite('memory', async () => {
  const stores = memoryStores(systemRandom)
  return { store: stores.records, [Symbol.asyncDispose]: stores.close }
})
