import type { Cid } from '../../src/core/cid.ts'
import { ORIGINS_MAX } from '../../src/core/identity/origin.ts'
import type { MemoryGraph } from '../../src/stores/memory/graph.ts'
import { storedIn } from './stored.ts'
import { byCounting, type Holder } from './union.ts'

/**
 * Contributions that groves hold with other signers, though they count alike and there is room for
 * all of them.
 */
export async function otherSigners(holders: readonly Holder[]): Promise<string[]> {
  const found: string[] = []
  for (const { holders: group } of byCounting(holders)) {
    const all = await Promise.all(group.map(async ({ disk }) => signersIn(disk.graph)))
    const everybody = new Map<Cid, Set<string>>()
    for (const [cid, signers] of all.flatMap((each) => [...each]))
      everybody.set(cid, signers.union(everybody.get(cid) ?? new Set()))
    for (const [index, { name }] of group.entries())
      for (const [cid, signers] of all[index] ?? []) {
        const expected = everybody.get(cid) ?? signers
        const lacking = [...expected.difference(signers)].sort()
        if (expected.size <= ORIGINS_MAX && lacking.length > 0)
          found.push(`${name} holds ${cid} without the origin of ${lacking.join(', ')}`)
      }
  }
  return found
}

/** Who has signed each contribution that a graph holds. */
async function signersIn(graph: MemoryGraph): Promise<Map<Cid, Set<string>>> {
  const cids = (await storedIn(graph)).map(({ cid }) => cid)
  const signed = new Map(cids.map((cid) => [cid, new Set<string>()]))
  for (const [cid, origins] of await graph.origins.of(cids))
    signed.set(cid, new Set(origins.map(({ peerId }) => peerId)))
  return signed
}
