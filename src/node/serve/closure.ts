import type { Cid } from '../../core/cid.ts'
import type { Contribution } from '../../core/contribution/contribution.ts'
import {
  ABOUT_KINDS,
  EVIDENCE_KINDS,
  parentsFirst,
  targetsOf,
} from '../../core/contribution/relation.ts'
import { breadthFirst, type Neighbours } from '../../core/contribution/walk.ts'
import { GroveError } from '../../core/errors.ts'
import {
  CLOSURE_MAX_BYTES,
  CLOSURE_MAX_CONTRIBUTIONS,
  CLOSURE_MAX_DEPTH,
} from '../../core/limits.ts'
import { CLOSURE_RECORDS, recordLine } from '../../core/wire/closure.ts'
import type { ClosureRequest, ClosureTrailer } from '../../core/wire/federation.ts'
import { parseTelling, tellingText } from '../../core/wire/telling.ts'
import type { ServeContext } from '../context.ts'
import { readEach } from '../read-each.ts'

const encoder = new TextEncoder()

/**
 * A contribution's surroundings for a peer that has it or is about to: its ancestors, parents
 * first, then a page of the evidence about it, a line each, and a trailer that tells what is not
 * here and what was cut short. The contribution itself is left out. Where there is too much, the
 * nearest are sent, and of the evidence what is told first (`core/contribution/relation.ts`). The
 * lines are bare manifests, or records where `form` asks for them (`core/wire/closure.ts`). Throws
 * `absent` before the first line.
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
  let rest: Pick<ClosureTrailer, 'next' | 'until'> = {}
  if (request.evidence === true) {
    const ancestors = lines.length
    rest = await addEvidence(node, request, builder)
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
    ...rest,
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

/** Adds one page of what is said about a contribution, and gives what the trailer says of it. */
async function addEvidence(
  node: ServeContext,
  { cid, replies = false, evidenceAfter: after = '', evidenceSince: since = '' }: ClosureRequest,
  builder: ClosureBuilder,
): Promise<Pick<ClosureTrailer, 'next' | 'until'>> {
  const { contributions, index } = node
  const until = contributions.position(await contributions.lastSeq())
  const kinds = replies ? ABOUT_KINDS : EVIDENCE_KINDS
  let last = parseTelling(after) ?? { kind: kinds.first, turn: 0, seq: 0 }
  const { said, next } = await index.said(cid, {
    kinds,
    after: parseTelling(after),
    since: contributions.seqAt(since),
    limit: CLOSURE_MAX_CONTRIBUTIONS,
  })
  const sent = new Set(builder.contributions.map((contribution) => contribution.cid))
  for (const { source, at } of said) {
    if (!sent.has(source)) for await (const found of readEach(node, [source])) builder.add(found)
    if (builder.truncatedBy !== undefined) return { until, next: tellingText(last) }
    sent.add(source)
    last = at
  }
  if (next === undefined) return { until }
  builder.truncatedBy = 'count'
  return { until, next: tellingText(next) }
}

function lineOf(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([bytes, Buffer.from('\n')])
}
