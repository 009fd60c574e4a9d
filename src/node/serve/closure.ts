import { canonicalBytes } from '../../core/canonical.ts'
import type { Cid } from '../../core/cid.ts'
import type { Attestation } from '../../core/contribution/attestation.ts'
import type { Contribution } from '../../core/contribution/contribution.ts'
import {
  ABOUT_KINDS,
  EVIDENCE_KINDS,
  parentsFirst,
  parentsOf,
} from '../../core/contribution/relation.ts'
import { breadthFirst } from '../../core/contribution/walk.ts'
import { GroveError } from '../../core/errors.ts'
import { originAttestation } from '../../core/identity/origin-text.ts'
import {
  ATTESTATIONS_MAX,
  CLOSURE_MAX_BYTES,
  CLOSURE_MAX_CONTRIBUTIONS,
  CLOSURE_MAX_DEPTH,
} from '../../core/limits.ts'
import { CLOSURE_RECORDS, recordLine } from '../../core/wire/closure.ts'
import type { ClosureRequest, ClosureTrailer } from '../../core/wire/federation.ts'
import { parseTelling, tellingText } from '../../core/wire/telling.ts'
import type { ServeContext } from '../context.ts'
import { readEach } from '../read-each.ts'

interface ClosureOptions {
  readonly signal?: AbortSignal
  readonly form?: string | undefined
}

const encoder = new TextEncoder()

/**
 * A contribution's surroundings for a peer that has it or is about to: its ancestors, parents
 * first, then a page of the evidence about it, a line each, and a trailer that tells what is not
 * here and what was cut short. The contribution itself is left out. Where there is too much, the
 * nearest are sent, and of the evidence what is told first (`core/contribution/relation.ts`). Each
 * is read when its line is wanted. The lines are bare manifests, or records where `form` asks for
 * them (`core/wire/closure.ts`). Throws `absent` before the first line.
 */
export async function* streamClosure(
  node: ServeContext,
  request: ClosureRequest,
  options: ClosureOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const start = await node.contributions.get(request.cid)
  if (start === undefined)
    throw new GroveError(
      'absent',
      { cid: request.cid },
      { message: `Contribution ${request.cid} not found` },
    )
  const budget = new ClosureBudget()
  const { ancestors, missing } = await ancestorsOf(node, start, request.ancestors ?? 1, budget)
  const sending = new Sending(node, budget, options)
  for (const { cid } of parentsFirst(ancestors, ({ parents }) => parents)) yield* sending.lines(cid)
  const rest = request.evidence === true ? yield* evidenceAbout(node, request, sending) : {}
  const trailer: ClosureTrailer = {
    sent: sending.count,
    bytes: sending.bytes,
    missing,
    ...(budget.truncatedBy === undefined ? {} : { truncatedBy: budget.truncatedBy }),
    ...rest,
  }
  yield lineOf(encoder.encode(JSON.stringify({ trailer })))
}

/** How much a closure may still have. */
class ClosureBudget {
  #count = 0
  #bytes = 0
  truncatedBy: ClosureTrailer['truncatedBy']

  /** Whether a contribution of this size is still to be sent; if not, none is from then on. */
  takes(sizeBytes: number): boolean {
    if (this.#count >= CLOSURE_MAX_CONTRIBUTIONS) this.truncatedBy ??= 'count'
    if (this.#bytes + sizeBytes > CLOSURE_MAX_BYTES) this.truncatedBy ??= 'bytes'
    if (this.truncatedBy !== undefined) return false
    this.#count++
    this.#bytes += sizeBytes
    return true
  }

  /** Whether so much is still to be sent with a contribution that is. */
  takesMore(sizeBytes: number): boolean {
    if (this.#bytes + sizeBytes > CLOSURE_MAX_BYTES) return false
    this.#bytes += sizeBytes
    return true
  }
}

/** The contributions of a closure that were sent. */
class Sending {
  readonly #node: ServeContext
  readonly #budget: ClosureBudget
  readonly #options: ClosureOptions
  readonly #seen = new Set<Cid>()
  count = 0
  bytes = 0

  constructor(node: ServeContext, budget: ClosureBudget, options: ClosureOptions) {
    this.#node = node
    this.#budget = budget
    this.#options = options
  }

  /** The line of a contribution for which there is room already. */
  async *lines(cid: Cid): AsyncGenerator<Uint8Array, void, undefined> {
    const bytes = await this.#read(cid)
    if (bytes !== undefined) yield await this.#line(cid, bytes)
  }

  /** The line of one more, if it is held and new; whether there was room for it. */
  async *more(cid: Cid): AsyncGenerator<Uint8Array, boolean, undefined> {
    const bytes = this.#seen.has(cid) ? undefined : await this.#read(cid)
    if (bytes === undefined) return true
    if (!this.#budget.takes(bytes.byteLength)) return false
    yield await this.#line(cid, bytes)
    return true
  }

  /** Notes that there is more than one page has. */
  end(): void {
    this.#budget.truncatedBy = 'count'
  }

  async #read(cid: Cid): Promise<Uint8Array | undefined> {
    this.#options.signal?.throwIfAborted()
    this.#seen.add(cid)
    await this.#node.breathe()
    return this.#node.contributions.bytes(cid)
  }

  async #line(cid: Cid, bytes: Uint8Array): Promise<Uint8Array> {
    this.count++
    this.bytes += bytes.byteLength
    if (this.#options.form !== CLOSURE_RECORDS) return lineOf(bytes)
    return lineOf(recordLine({ bytes, attestations: await this.#attestations(cid) }))
  }

  /** The foremost origins, as many as there is room for. */
  async #attestations(cid: Cid): Promise<Attestation[]> {
    const [[, origins = []] = []] = await this.#node.origins.of([cid])
    return origins
      .slice(0, ATTESTATIONS_MAX)
      .map(originAttestation)
      .filter((each) => this.#budget.takesMore(canonicalBytes([each]).byteLength))
  }
}

/** An ancestor without its manifest. */
interface Ancestor {
  readonly cid: Cid
  readonly parents: readonly Cid[]
}

/** The ancestors that are here, as far as there is room, and those within the depth that aren't. */
async function ancestorsOf(
  node: ServeContext,
  start: Contribution,
  depth: number,
  budget: ClosureBudget,
): Promise<{ ancestors: Ancestor[]; missing: Cid[] }> {
  const maxDepth = Math.min(depth, CLOSURE_MAX_DEPTH)
  // The start, and one more than may be sent, so that it is noted that there is more.
  const walk = breadthFirst(start.cid, {
    maxDepth: maxDepth + 1,
    maxCount: CLOSURE_MAX_CONTRIBUTIONS + 2,
  })
  const ancestors: Ancestor[] = []
  const missing: Cid[] = []
  let step = walk.next()
  for (let at = 0; !step.done && at <= maxDepth; at++) {
    const cids = step.value
    const here = new Map<Cid, Cid[]>()
    for await (const stored of readEach(node, cids)) {
      const { cid, bytes } = stored
      const parents = parentsOf(stored)
      here.set(cid, parents)
      if (at > 0 && budget.takes(bytes.byteLength)) ancestors.push({ cid, parents })
    }
    missing.push(...cids.filter((cid) => !here.has(cid)))
    step = walk.next(here)
  }
  return { ancestors, missing }
}

/** The lines of a page of what is said about a contribution; gives what the trailer says of it. */
async function* evidenceAbout(
  node: ServeContext,
  { cid, replies = false, evidenceAfter: after = '', evidenceSince: since = '' }: ClosureRequest,
  sending: Sending,
): AsyncGenerator<Uint8Array, Pick<ClosureTrailer, 'next' | 'until'>, undefined> {
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
  for (const { source, at } of said) {
    if (!(yield* sending.more(source))) return { until, next: tellingText(last) }
    last = at
  }
  if (next === undefined) return { until }
  sending.end()
  return { until, next: tellingText(next) }
}

function lineOf(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([bytes, Buffer.from('\n')])
}
