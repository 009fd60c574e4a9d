import { type Cid, cidFromBytes, cidToBytes } from '../../../core/cid.ts'
import type { Contribution } from '../../../core/contribution/contribution.ts'
import { type Edge, edgesOf } from '../../../core/contribution/relation.ts'
import type { RelationType } from '../../../core/contribution/schema.ts'
import type { EdgeChoice } from '../../../ports/graph-index.ts'
import type { Connection } from '../database/connection.ts'

interface Row {
  readonly type: RelationType
  readonly source: Uint8Array
  readonly metadata: string | null
}

/** The edges to a contribution, present or absent, by source cid, then type. */
export function edgesInto(
  connection: Connection,
  target: Cid,
  { types, limit }: EdgeChoice,
): Edge[] {
  const only = types === undefined ? '' : `AND type IN (${types.map(() => '?').join(', ')})`
  const rows = connection
    .sql<unknown[], Row>(
      `SELECT type, source, metadata FROM edge
       WHERE target = ? ${only} ORDER BY source, type LIMIT ?`,
    )
    .all(cidToBytes(target), ...(types ?? []), limit ?? -1)
  return rows.map((row) => edgeOf(row, target))
}

/** The edges of a contribution that is here, in manifest order. */
export function edgesOutOf(
  contribution: Contribution | undefined,
  { types, limit }: EdgeChoice,
): Edge[] {
  if (contribution === undefined) return []
  return edgesOf(contribution)
    .filter((edge) => types?.includes(edge.type) ?? true)
    .slice(0, limit)
}

function edgeOf({ type, source, metadata }: Row, target: Cid): Edge {
  const edge = { source: cidFromBytes(source), target, type }
  return metadata === null
    ? edge
    : { ...edge, metadata: JSON.parse(metadata) as NonNullable<Edge['metadata']> }
}
