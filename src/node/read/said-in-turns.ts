import type { Cid } from '../../core/cid.ts'
import { kindsOf, type Saying, type Telling } from '../../core/contribution/relation.ts'
import type { RelationType } from '../../core/contribution/schema.ts'
import type { GraphIndex } from '../../ports/graph-index.ts'
import type { Breathing } from '../context.ts'

/** What is said that is read at once. */
const PAGE = 1_000

interface SaidContext extends Breathing {
  readonly index: Pick<GraphIndex, 'said'>
}

/**
 * What is said about a contribution by relations of these types: at most `limit` of each kind.
 * Kinds and hosts take turns, so that a part from the beginning has something of each.
 */
export async function saidInTurns(
  node: SaidContext,
  cid: Cid,
  types: readonly RelationType[],
  limit: number,
): Promise<Saying[]> {
  const found: Saying[] = []
  for (const kind of kindsOf(types)) {
    let left = limit
    let after: Telling | undefined
    do {
      await node.breathe()
      const query = { kinds: { first: kind, last: kind }, after, limit: Math.min(left, PAGE) }
      const { said, next } = await node.index.said(cid, query)
      for (const saying of said) if (types.includes(saying.type)) found.push(saying)
      left -= said.length
      after = next
    } while (after !== undefined && left > 0)
  }
  return found.sort((a, b) => a.at.turn - b.at.turn || a.at.kind - b.at.kind || a.at.seq - b.at.seq)
}
