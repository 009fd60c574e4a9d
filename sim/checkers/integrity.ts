import { verifyManifest } from '../../src/core/contribution/verify.ts'
import { EVERYBODY } from '../../src/core/peers/counting.ts'
import { seeded } from '../../src/runtime/random.ts'
import { MemoryGraph } from '../../src/stores/memory/graph.ts'
import type { Acknowledged } from '../run/ledger.ts'
import { storedIn } from './stored.ts'
import { type Holder, judgeBy } from './union.ts'

/** Visible blobs and manifests whose bytes don't hash to their name. */
export async function corruptions({ name, disk }: Holder): Promise<string[]> {
  const found = (await disk.corrupt()).map(
    (hash) => `${name} shows a blob under ${hash} with other bytes`,
  )
  for (const { cid, bytes } of await storedIn(disk.graph)) {
    try {
      verifyManifest(bytes, cid)
    } catch (error) {
      found.push(`${name} shows a contribution under ${cid} that does not verify: ${String(error)}`)
    }
  }
  return found
}

/** What a grove acknowledged and no longer holds, except blobs that the disk itself lost. */
export async function losses(
  holders: readonly Holder[],
  acknowledged: readonly Acknowledged[],
): Promise<string[]> {
  const found: string[] = []
  for (const { name, disk } of holders) {
    const own = acknowledged.filter(({ grove }) => grove === name)
    const cids = await disk.graph.missing(own.map(({ cid }) => cid))
    found.push(...cids.map((cid) => `${name} has lost ${cid}, which it acknowledged`))
    const blobs = await disk.blobs.missing(own.flatMap((item) => item.blobs))
    const lost = blobs.filter((hash) => !disk.forgotten.has(hash))
    found.push(...lost.map((hash) => `${name} has lost the blob ${hash}, which it acknowledged`))
  }
  return found
}

/** Edges and signals that differ from a fold from scratch over everything held. */
export async function miscounts({
  name,
  counting = EVERYBODY,
  disk: { graph },
}: Holder): Promise<string[]> {
  const items = await storedIn(graph)
  const scratch = new MemoryGraph(seeded(1))
  for (const item of items.toReversed()) await scratch.put(item, item.provenance)
  for (const [cid, origins] of await graph.origins.of(items.map(({ cid }) => cid)))
    await scratch.origins.add(cid, origins, 'peer')
  await judgeBy(scratch, counting)
  const found: string[] = []
  const targets = new Set(
    items.flatMap(({ cid, manifest }) => [
      cid,
      ...manifest.relations.map(({ targetCid }) => targetCid),
    ]),
  )
  for (const cid of targets) {
    const [counted, expected] = [await graph.signals(cid), await scratch.signals(cid)]
    if (JSON.stringify(counted) !== JSON.stringify(expected))
      found.push(
        `${name} counts ${JSON.stringify(counted)} for ${cid}, not ${JSON.stringify(expected)}`,
      )
    const [edges, expectedEdges] = [await graph.edges(cid, 'in'), await scratch.edges(cid, 'in')]
    if (JSON.stringify(edges) !== JSON.stringify(expectedEdges))
      found.push(`${name} has other edges into ${cid} than its contributions have`)
  }
  return found
}
