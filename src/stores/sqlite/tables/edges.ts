import { type Cid, cidFromBytes, cidToBytes } from '../../../core/cid.ts'
import type { Contribution } from '../../../core/contribution/contribution.ts'
import {
  type Edge,
  edgesOf,
  type Saying,
  type Telling,
  tellingOf,
} from '../../../core/contribution/relation.ts'
import type { RelationType } from '../../../core/contribution/schema.ts'
import {
  type EdgeChoice,
  SAID_SCAN_MAX,
  type SaidPage,
  type SaidQuery,
  type SourcesQuery,
} from '../../../ports/graph-index.ts'
import type { Connection } from '../database/connection.ts'

const COUNT_TURN = `
  INSERT INTO edge_turn (target, telling, host, edges) VALUES (?, ?, ?, 1)
  ON CONFLICT DO UPDATE SET edges = edges + 1`

const INSERT_EDGE = `
  INSERT INTO edge (target, type, source, metadata, telling, turn, seq)
  VALUES (
    @target, @type, @source, @metadata, @telling,
    (SELECT edges FROM edge_turn WHERE target = @target AND telling = @telling AND host = @host),
    @seq
  )`

const TOLD = `
  SELECT
    source, type, telling, turn, seq,
    type = 'derives_from' AND metadata ->> '$.relationship' IS 'supersedes' AS supersedes
  FROM edge
  WHERE target = ? AND telling <= ? AND (telling, turn, seq) > (?, ?, ?)
  ORDER BY telling, turn, seq`

interface ToldRow {
  readonly source: Uint8Array
  readonly type: RelationType
  readonly supersedes: 0 | 1
  readonly telling: number
  readonly turn: number
  readonly seq: number
}

/** Adds the edges of a contribution with this number in the log. */
export function addEdges(
  connection: Connection,
  edges: readonly Edge[],
  { seq, host }: { readonly seq: number; readonly host: string },
): void {
  for (const edge of edges) {
    const target = cidToBytes(edge.target)
    const telling = tellingOf(edge)
    const metadata = edge.metadata === undefined ? null : JSON.stringify(edge.metadata)
    const source = cidToBytes(edge.source)
    connection.sql(COUNT_TURN).run(target, telling, host)
    connection
      .sql(INSERT_EDGE)
      .run({ target, type: edge.type, source, metadata, telling, seq, host })
  }
}

/** One page of what is said about a contribution, in the order of its telling. */
export function saidOf(
  connection: Connection,
  target: Cid,
  { kinds, after = { kind: kinds.first, turn: 0, seq: 0 }, since = 0, limit }: SaidQuery,
): SaidPage {
  const from = [cidToBytes(target), kinds.last, after.kind, after.turn, after.seq]
  const rows = connection
    .sql<unknown[], ToldRow>(`SELECT * FROM (${TOLD} LIMIT ?) WHERE seq > ? LIMIT ?`)
    .all(...from, SAID_SCAN_MAX, since, limit + 1)
  const page = rows.slice(0, limit)
  const last =
    rows.length > limit
      ? page.at(-1)
      : connection
          .sql<unknown[], ToldRow>(`${TOLD} LIMIT 1 OFFSET ?`)
          .get(...from, SAID_SCAN_MAX - 1)
  return {
    said: page.map(saidIn),
    next: last && placeOf(last),
  }
}

function saidIn(row: ToldRow): Saying {
  const { source, type, supersedes } = row
  return { source: cidFromBytes(source), type, supersedes: supersedes === 1, at: placeOf(row) }
}

const placeOf = ({ telling, turn, seq }: ToldRow): Telling => ({ kind: telling, turn, seq })

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
  const only = types === undefined ? '' : ofTypes(types)
  const rows = connection
    .sql<unknown[], Row>(
      `SELECT type, source, metadata FROM edge
       WHERE target = ? ${only} ORDER BY source, type LIMIT ?`,
    )
    .all(cidToBytes(target), ...(types ?? []), limit ?? -1)
  return rows.map((row) => edgeOf(row, target))
}

/** The contributions that have edges of these types to one, without what the edges say. */
export function sourcesOf(
  connection: Connection,
  target: Cid,
  { types, after, limit }: SourcesQuery,
): Cid[] {
  const from = after === undefined ? new Uint8Array() : cidToBytes(after)
  return connection
    .sql<unknown[], Uint8Array>(
      `SELECT DISTINCT source FROM edge
       WHERE target = ? ${ofTypes(types)} AND source > ? ORDER BY source LIMIT ?`,
    )
    .pluck()
    .all(cidToBytes(target), ...types, from, limit)
    .map(cidFromBytes)
}

const ofTypes = (types: readonly RelationType[]): string =>
  `AND type IN (${types.map(() => '?').join(', ')})`

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
