import type { Cid } from '../../core/cid.ts'
import type { Contribution } from '../../core/contribution/contribution.ts'
import { ABOUT, EVIDENCE, parentsFirst, targetsOf } from '../../core/contribution/relation.ts'
import type { RelationType } from '../../core/contribution/schema.ts'
import { breadthFirst, type Neighbours } from '../../core/contribution/walk.ts'
import { GroveError } from '../../core/errors.ts'
import {
  CLOSURE_MAX_BYTES,
  CLOSURE_MAX_CONTRIBUTIONS,
  CLOSURE_MAX_DEPTH,
} from '../../core/limits.ts'
import { CLOSURE_RECORDS, recordLine } from '../../core/wire/closure.ts'
import type { ClosureRequest, ClosureTrailer } from '../../core/wire/federation.ts'
import type { ServeContext } from '../context.ts'
import { readEach } from '../read-each.ts'

const encoder = new TextEncoder()

/**
 * A contribution's surroundings for a peer that has it or is about to: its ancestors, parents
 * first, then the evidence about it, a line each, and a trailer that tells what is not here and
 * what was cut short. The contribution itself is left out. Where there is too much, the nearest are
 * sent. The lines are bare manifests, or records where `form` asks for them
 * (`core/wire/closure.ts`). Throws `absent` before the first line.
 */
export async function* streamClosure(
  node: ServeContext,
  request: ClosureRequest,
  options: { signal?: AbortSignal; form?: string | undefined } = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const start = await node.contributions.get(request.cid)
  if (start === undefined)
    throw new GroveError(
      'absent',
      { cid: request.cid },
      { message: `Contribution ${request.cid} not found` },
    )
  const builder = new ClosureBuilder()
  const missing = await addAncestors(node, start, request.ancestors ?? 1, builder)
  const lines = parentsFirst(builder.contributions)
  if (request.evidence === true) {
    const ancestors = lines.length
    await addEvidence(node, start, request.replies === true ? ABOUT : EVIDENCE, builder)
    lines.push(...builder.contributions.slice(ancestors))
  }
  for (const contribution of lines) {
    options.signal?.throwIfAborted()
    yield lineOf(options.form === CLOSURE_RECORDS ? recordLine(contribution) : contribution.bytes)
  }
  const trailer: ClosureTrailer = {
    sent: lines.length,
    bytes: builder.bytes,
    missing,
    ...(builder.truncatedBy === undefined ? {} : { truncatedBy: builder.truncatedBy }),
  }
  yield lineOf(encoder.encode(JSON.stringify({ trailer })))
}

/** The contributions to send, within the bounds of a closure. */
class ClosureBuilder {
  readonly contributions: Contribution[] = []
  bytes = 0
  truncatedBy: ClosureTrailer['truncatedBy']

  add(contribution: Contribution): void {
    if (this.contributions.length >= CLOSURE_MAX_CONTRIBUTIONS) this.truncatedBy ??= 'count'
    if (this.bytes + contribution.bytes.byteLength > CLOSURE_MAX_BYTES) this.truncatedBy ??= 'bytes'
    if (this.truncatedBy !== undefined) return
    this.contributions.push(contribution)
    this.bytes += contribution.bytes.byteLength
  }
}

/** Adds the ancestors that are here; returns those within the depth that are not. */
async function addAncestors(
  node: ServeContext,
  start: Contribution,
  depth: number,
  builder: ClosureBuilder,
): Promise<Cid[]> {
  const maxDepth = Math.min(depth, CLOSURE_MAX_DEPTH)
  // The start, and one more than may be sent, so that the builder notes that there is more.
  const walk = breadthFirst(start.cid, {
    maxDepth: maxDepth + 1,
    maxCount: CLOSURE_MAX_CONTRIBUTIONS + 2,
  })
  const missing: Cid[] = []
  let step = walk.next()
  for (let at = 0; !step.done && at <= maxDepth; at++) {
    const cids = step.value
    const here = new Map<Cid, Contribution>()
    for await (const stored of readEach(node, cids)) here.set(stored.cid, stored)
    missing.push(...cids.filter((cid) => !here.has(cid)))
    if (at > 0) for (const contribution of here.values()) builder.add(contribution)
    step = walk.next(parentsOf(here))
  }
  return missing
}

function parentsOf(contributions: ReadonlyMap<Cid, Contribution>): Neighbours {
  return new Map(
    [...contributions].map(([cid, contribution]) => [
      cid,
      targetsOf(contribution, ['derives_from']),
    ]),
  )
}

async function addEvidence(
  node: ServeContext,
  start: Contribution,
  types: readonly RelationType[],
  builder: ClosureBuilder,
): Promise<void> {
  const edges = await node.index.edges(start.cid, 'in', {
    types,
    limit: CLOSURE_MAX_CONTRIBUTIONS,
  })
  const sent = new Set(builder.contributions.map(({ cid }) => cid))
  const sources = new Set(edges.map((edge) => edge.source).filter((cid) => !sent.has(cid)))
  for await (const contribution of readEach(node, sources)) {
    builder.add(contribution)
    if (builder.truncatedBy !== undefined) return
  }
}

function lineOf(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([bytes, Buffer.from('\n')])
}
