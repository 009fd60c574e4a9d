import type { Cid } from '../../src/core/cid.ts'
import type { KeyId } from '../../src/core/identity/ed25519.ts'
import type { Origin } from '../../src/core/identity/origin.ts'
import { type Counting, EVERYBODY, isAccepted } from '../../src/core/peers/counting.ts'
import type { Stored } from '../../src/ports/contribution-store.ts'
import type { OriginStore } from '../../src/ports/origin-store.ts'
import { seeded } from '../../src/runtime/random.ts'
import { MemoryGraph } from '../../src/stores/memory/graph.ts'
import type { Disk } from '../machine/disk.ts'
import { storedIn } from './stored.ts'

/** What a checker needs of a machine. */
export interface Holder {
  readonly name: string
  /** Its key. Default: it has none. */
  readonly key?: { readonly peerId: KeyId } | undefined
  /** The keys that it had before. Default: none. */
  readonly former?: readonly string[]
  /** Whose word counts there. Default: everybody's. */
  readonly counting?: Counting | undefined
  readonly disk: Disk
}

export interface Union {
  readonly graph: MemoryGraph
  readonly contributions: ReadonlyMap<Cid, Stored>
}

/** What groves hold together, with all who have signed it, judged by whose word counts. */
export async function unionOf(
  holders: readonly Holder[],
  counting: Counting = EVERYBODY,
): Promise<Union> {
  const graph = new MemoryGraph(seeded(1))
  const contributions = new Map<Cid, Stored>()
  const origins: (readonly [Cid, readonly Origin[]])[] = []
  for (const { disk } of holders) {
    const held = await storedIn(disk.graph)
    for (const stored of held) contributions.set(stored.cid, stored)
    origins.push(...(await disk.graph.origins.of(held.map(({ cid }) => cid))))
  }
  await judgeBy(graph, counting)
  for (const stored of contributions.values()) await graph.put(stored, stored.provenance)
  for (const [cid, each] of origins) await graph.origins.add(cid, each, 'peer')
  return { graph, contributions }
}

/** Judges all that a graph holds. */
export async function judgeBy(
  { origins }: { readonly origins: Pick<OriginStore, 'judge' | 'recount'> },
  counting: Counting,
): Promise<void> {
  let isDue = await origins.judge(counting)
  while (isDue) isDue = !(await origins.recount()).isDone
}

/** Groves by whose word counts there. */
export function byCounting(
  holders: readonly Holder[],
): { readonly counting: Counting | undefined; readonly holders: readonly Holder[] }[] {
  const groups = [...Map.groupBy(holders, ({ counting }) => textOf(counting)).values()]
  return groups.map((group) => ({ counting: group[0]?.counting, holders: group }))
}

/** Equal where the same keys are accepted, and taken for the same groves. */
function textOf({ admission, standings, aliases = new Map() }: Counting = EVERYBODY): string {
  const listed = [...standings].map(([key, each]) => `${key} ${isAccepted(admission, each)}`)
  const refused = listed.filter((text) => admission === 'members' || text.endsWith('false'))
  const renamed = [...aliases].map(([before, present]) => `${before}>${present}`)
  return [admission, ...refused.sort(), ...renamed.sort()].join(' ')
}
