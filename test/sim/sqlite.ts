import { isDeepStrictEqual } from 'node:util'
import type { Holder } from '../../sim/checkers/union.ts'
import type { LogEntry } from '../../src/ports/contribution-store.ts'
import type { GraphStore } from '../../src/ports/graph-store.ts'
import { answersOf } from '../conformance/answers.ts'
import { temporaryStores } from '../conformance/temporary.ts'

/** Which groves' memory stores answer differently from SQLite with the same log. */
export async function allDifferences(groves: readonly Holder[]): Promise<string[]> {
  const found = await Promise.all(groves.map(differences))
  return found.flat()
}

async function logOf(graph: GraphStore): Promise<LogEntry[]> {
  const entries: LogEntry[] = []
  for (;;) {
    const page = await graph.since(entries.at(-1)?.seq ?? 0, 1_000)
    if (page.length === 0) return entries
    entries.push(...page)
  }
}

/** Whether a grove's memory store answers differently from SQLite with the same log. */
export async function differences({ name, key, counting, disk }: Holder): Promise<string[]> {
  const entries = await logOf(disk.graph)
  await using opened = await temporaryStores()
  const { graph } = opened.stores
  // Which origins are kept depends on who counts when they come.
  if (counting !== undefined) await graph.origins.judge(counting)
  for (const { stored } of entries) {
    await graph.put(stored, stored.provenance)
    for (const [cid, origins] of await disk.graph.origins.of([stored.cid]))
      for (const origin of origins)
        await graph.origins.add(cid, [origin], origin.peerId === key?.peerId ? 'local' : 'peer')
  }
  const contributions = entries.map(({ stored }) => stored)
  const [answered, expected] = [
    await answersOf(graph, contributions),
    await answersOf(disk.graph, contributions),
  ]
  return isDeepStrictEqual(answered, expected) ? [] : [`SQLite answers differently from ${name}`]
}
