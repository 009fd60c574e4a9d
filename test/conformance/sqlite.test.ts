import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { blobStoreSuite } from './suites/blob-store.ts'
import { graphQueriesSuite } from './suites/graph-queries.ts'
import { graphStoreSuite } from './suites/graph-store.ts'
import { logSuite } from './suites/log.ts'
import { originsSuite } from './suites/origins.ts'
import { pagesSuite } from './suites/pages.ts'
import { partialBlobSuite } from './suites/partial-blob.ts'
import { recordStoreSuite } from './suites/record-store.ts'
import { scenarioSuite } from './suites/scenario.ts'
import { temporaryStores } from './temporary.ts'

const openGraph = async () => {
  const { stores, reopen, ...rest } = await temporaryStores()
  return { ...rest, store: stores.graph, reopen: async () => (await reopen()).graph }
}

graphStoreSuite('sqlite', openGraph)
graphQueriesSuite('sqlite', openGraph)
scenarioSuite('sqlite', openGraph)
logSuite('sqlite', openGraph)
pagesSuite('sqlite', openGraph)
originsSuite('sqlite', openGraph)

const openBlobs = async () => {
  const { dir, stores, ...rest } = await temporaryStores()
  const files = async (folder: string) =>
    (await readdir(join(dir, folder), { recursive: true, withFileTypes: true })).filter((entry) =>
      entry.isFile(),
    )
  const leftovers = async () =>
    [...(await files('tmp')), ...(await files('blobs'))].map(({ name }) => name)
  return { ...rest, store: stores.blobs, leftovers }
}

blobStoreSuite('sqlite and files', openBlobs)
partialBlobSuite('sqlite and files', openBlobs)

recordStoreSuite('sqlite', async () => {
  const { stores, ...rest } = await temporaryStores()
  return { ...rest, store: stores.records }
})
