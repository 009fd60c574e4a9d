import { isDeepStrictEqual } from 'node:util'
import type { Holder } from '../../sim/checkers/union.ts'
import { judgeBy } from '../../sim/checkers/union.ts'
import type { KeyId } from '../../src/core/identity/ed25519.ts'
import type { Counting } from '../../src/core/peers/counting.ts'
import type { LogEntry } from '../../src/ports/contribution-store.ts'
import type { GraphStore } from '../../src/ports/graph-store.ts'
import { answersOf } from '../conformance/answers.ts'
import { temporaryStores } from '../conformance/temporary.ts'

/** Which groves' memory stores answer differently from SQLite with the same log. */
export async function allDifferences(groves: readonly Holder[]): Promise<string[]> {
  // A recount takes as long as all else, and is the same for each grove: one in a run has it.
  const recounted = groves.findLast(({ counting }) => counting !== undefined)
  const found = await Promise.all(
    groves.map((grove) => differences(grove, { isRecounted: grove === recounted })),
  )
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

/**
 * Whether a grove's memory store answers differently from SQLite with the same log, at first or
 * once others count than did when it was stored.
 */
export async function differences(
  { name, key, former = [], counting, disk }: Holder,
  { isRecounted = false }: { readonly isRecounted?: boolean } = {},
): Promise<string[]> {
  const entries = await logOf(disk.graph)
  await using opened = await temporaryStores()
  const { graph } = opened.stores
  // Which origins are kept depends on who counts when they come.
  if (counting !== undefined) await graph.origins.judge(counting)
  const own: (string | undefined)[] = [key?.peerId, ...former]
  for (const { stored } of entries) {
    await graph.put(stored, stored.provenance)
    for (const [cid, origins] of await disk.graph.origins.of([stored.cid]))
      for (const origin of origins)
        await graph.origins.add(cid, [origin], own.includes(origin.peerId) ? 'local' : 'peer')
  }
  const contributions = entries.map(({ stored }) => stored)
  const isEqual = async () =>
    isDeepStrictEqual(
      await answersOf(graph, contributions),
      await answersOf(disk.graph, contributions),
    )
  if (!(await isEqual())) return [`SQLite answers differently from ${name}`]
  if (counting === undefined || !isRecounted) return []
  const signed = await disk.graph.origins.of(contributions.map(({ cid }) => cid))
  const keys = signed.flatMap(([, origins]) => origins.map(({ peerId }) => peerId))
  for (const [when, other] of others(counting, [...new Set(keys)].sort())) {
    for (const store of [graph, disk.graph]) await judgeBy(store, other)
    if (!(await isEqual())) return [`SQLite counts differently from ${name} ${when}`]
  }
  return []
}

/** Who else could count: by words for when that is. The last is who counted at first. */
function others(counting: Counting, signers: readonly KeyId[]): [string, Counting][] {
  const refused = signers.filter((_, n) => n % 2 === 0)
  const blocked = refused.map((key) => [key, 'blocked'] as const)
  const standings = new Map([...counting.standings, ...blocked])
  return [
    ['once every second signer is blocked', { ...counting, standings }],
    ['once nobody is listed', { admission: 'members', standings: new Map() }],
    ['once all count again who did', counting],
  ]
}
