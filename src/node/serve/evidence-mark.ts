import { type Cid, hashBytes } from '../../core/cid.ts'
import { ABOUT, type Edge, EVIDENCE } from '../../core/contribution/relation.ts'
import { CLOSURE_MAX_CONTRIBUTIONS } from '../../core/limits.ts'
import type { GraphIndex } from '../../ports/graph-index.ts'

/**
 * A fingerprint of the evidence about a contribution that is held here: equal where the same
 * contributions say something about it. Counts alone don't tell, since two groves may each know
 * another review. Of more than a closure can bring, it covers the first that a closure would.
 */
export async function evidenceMark(index: GraphIndex, cid: Cid): Promise<string> {
  const edges = await index.edges(cid, 'in', { types: EVIDENCE, limit: CLOSURE_MAX_CONTRIBUTIONS })
  return markOf(edges)
}

/** The same for all that names a contribution, replies included, and how many relations do. */
export async function aboutMark(
  index: GraphIndex,
  cid: Cid,
): Promise<{ readonly mark: string; readonly edges: number }> {
  const edges = await index.edges(cid, 'in', { types: ABOUT, limit: CLOSURE_MAX_CONTRIBUTIONS })
  return { mark: markOf(edges), edges: edges.length }
}

function markOf(edges: readonly Edge[]): string {
  const sources = [...new Set(edges.map(({ source }) => source))].sort()
  return hashBytes(Buffer.from(sources.join(' '))).slice(7, 39)
}
