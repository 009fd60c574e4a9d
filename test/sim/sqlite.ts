import { isDeepStrictEqual } from 'node:util'
import type { Holder } from '../../sim/checkers/agreement.ts'
import { answersOf } from '../conformance/answers.ts'
import { temporaryStores } from '../conformance/temporary.ts'

/** Where SQLite, given its log, answers otherwise than a grove's memory store. */
export async function allDifferences(groves: readonly Holder[]): Promise<string[]> {
  const found = await Promise.all(groves.map(differences))
  return found.flat()
}

/** Whether SQLite, given a grove's log, answers as the grove's memory store does. */
export async function differences({ name, disk }: Holder): Promise<string[]> {
  const entries = await disk.graph.since(0, Number.MAX_SAFE_INTEGER)
  await using opened = await temporaryStores()
  const { graph } = opened.stores
  for (const { stored } of entries) await graph.put(stored, stored.provenance)
  const contributions = entries.map(({ stored }) => stored)
  const [answered, expected] = [
    await answersOf(graph, contributions),
    await answersOf(disk.graph, contributions),
  ]
  return isDeepStrictEqual(answered, expected) ? [] : [`SQLite answers otherwise than ${name}`]
}
