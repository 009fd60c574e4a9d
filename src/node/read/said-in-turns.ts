import type { Cid } from '../../core/cid.ts'
import { kindsOf, type Saying, type Telling } from '../../core/contribution/relation.ts'
import type { RelationType } from '../../core/contribution/schema.ts'
import type { GraphIndex, SaidQuery } from '../../ports/graph-index.ts'
import type { Breathing } from '../context.ts'

/** Relations that are read at once, in a millisecond or two. */
const PAGE = 256

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
  const kinds = kindsOf(types)
  // Nothing is said about most: one question tells.
  const all = { first: Math.min(...kinds), last: Math.max(...kinds) }
  if ((await node.index.said(cid, { kinds: all, limit: 1 })).said.length === 0) return []
  const found: Saying[] = []
  for (const kind of kinds) {
    const said = await saidUpTo(node, cid, { first: kind, last: kind }, limit)
    for (const saying of said) if (types.includes(saying.type)) found.push(saying)
  }
  return found.sort((a, b) => a.at.turn - b.at.turn || a.at.kind - b.at.kind || a.at.seq - b.at.seq)
}

/** The first `limit` of what is said about a contribution, read in pages. */
export async function saidUpTo(
  node: SaidContext,
  cid: Cid,
  kinds: SaidQuery['kinds'],
  limit: number,
): Promise<Saying[]> {
  const found: Saying[] = []
  let after: Telling | undefined
  do {
    await node.breathe()
    const page = { kinds, limit: Math.min(PAGE, limit - found.length), ...(after && { after }) }
    const { said, next } = await node.index.said(cid, page)
    found.push(...said)
    after = next
  } while (after !== undefined && found.length < limit)
  return found
}
