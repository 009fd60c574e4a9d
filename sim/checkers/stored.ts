import type { Stored } from '../../src/ports/contribution-store.ts'
import type { GraphStore } from '../../src/ports/graph-store.ts'

/** All that a store lists, oldest first. */
export async function storedIn(graph: GraphStore): Promise<Stored[]> {
  const { items } = await graph.list({}, { limit: 1_000_000, offset: 0 })
  return graph.getMany(items.map(({ cid }) => cid))
}
