import { BoundedMap } from '../../concurrency/bounded.ts'
import { type Cid, CidHasher } from '../../core/cid.ts'
import { ABOUT, EVIDENCE } from '../../core/contribution/relation.ts'
import type { RelationType } from '../../core/contribution/schema.ts'
import type { Clock } from '../../ports/clock.ts'
import type { GraphIndex } from '../../ports/graph-index.ts'
import type { Breathing, Mark, Marks } from '../context.ts'

/** Fingerprints that are kept. */
const MARKS_MAX = 16_384
/** Edges that are read at once. */
const PAGE = 500
/** A fingerprint of more edges than this is made anew only so often. */
const MANY_EDGES = 20_000
const MANY_EDGES_REST_MS = 30_000

interface Known {
  readonly mark: string
  readonly edges: number
  /** Unix ms. */
  readonly madeAt: number
}

interface MarksContext extends Breathing {
  readonly index: GraphIndex
  readonly clock: Clock
}

/**
 * Fingerprints of what is said about contributions: equal where the same contributions say
 * something. Counts alone don't tell, since two groves may each know another review; but in one
 * grove the set only grows, so that a known fingerprint is right as long as the count is the same.
 */
export class EvidenceMarks implements Marks {
  readonly #node: MarksContext
  readonly #known = new BoundedMap<string, Known>(MARKS_MAX)

  constructor(node: MarksContext) {
    this.#node = node
  }

  async evidence(cid: Cid): Promise<Mark> {
    const { evidence } = await this.#node.index.edgeCounts(cid)
    return this.#mark(`evidence ${cid}`, cid, EVIDENCE, evidence)
  }

  async about(cid: Cid): Promise<Mark> {
    const { all } = await this.#node.index.edgeCounts(cid)
    return this.#mark(`about ${cid}`, cid, ABOUT, all)
  }

  async #mark(key: string, cid: Cid, types: readonly RelationType[], edges: number): Promise<Mark> {
    const now = this.#node.clock.now()
    const known = this.#known.get(key)
    if (known !== undefined && isFresh(known, edges, now)) return { ...known, edgesRead: 0 }
    const hasher = new CidHasher()
    let separator = ''
    for await (const sources of this.#sources(cid, types, edges)) {
      if (sources.length === 0) continue
      hasher.update(Buffer.from(separator + sources.join(' ')))
      separator = ' '
    }
    const mark = hasher.digest().slice(7, 39)
    this.#known.set(key, { mark, edges, madeAt: now })
    return { mark, edges, edgesRead: edges }
  }

  /** The sources of the edges of these types, ascending, each once, some at a time. */
  async *#sources(
    cid: Cid,
    types: readonly RelationType[],
    edges: number,
  ): AsyncGenerator<readonly Cid[]> {
    if (edges === 0) return
    const lists = edges < PAGE ? [types] : types.map((type) => [type])
    let after: Cid | undefined
    do {
      await this.#node.breathe()
      const pages: Cid[][] = []
      for (const list of lists)
        pages.push(await this.#node.index.sources(cid, { types: list, after, limit: PAGE }))
      // Up to where the first full page ends, all of them are known.
      after = pages.flatMap((page) => (page.length < PAGE ? [] : page.slice(-1))).sort()[0]
      const end = after
      yield [...new Set(pages.flat())].filter((cid) => end === undefined || cid <= end).sort()
    } while (after !== undefined)
  }
}

function isFresh({ edges, madeAt }: Known, now: number, nowMs: number): boolean {
  if (edges === now) return true
  return edges > MANY_EDGES && nowMs - madeAt < MANY_EDGES_REST_MS
}
