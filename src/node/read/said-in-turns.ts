import type { Cid } from '../../core/cid.ts'
import { kindsOf, type Saying } from '../../core/contribution/relation.ts'
import type { RelationType } from '../../core/contribution/schema.ts'
import type { GraphIndex } from '../../ports/graph-index.ts'
import type { Breathing } from '../context.ts'

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
    await node.breathe()
    const { said } = await node.index.said(cid, { kinds: { first: kind, last: kind }, limit })
    found.push(...said.filter(({ type }) => types.includes(type)))
  }
  return found.sort((a, b) => a.at.turn - b.at.turn || a.at.kind - b.at.kind || a.at.seq - b.at.seq)
}
