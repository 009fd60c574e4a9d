import type { Cid } from '../../core/cid.ts'
import type { Contribution } from '../../core/contribution/contribution.ts'
import type { Manifest } from '../../core/contribution/schema.ts'
import {
  isReservedMetric,
  type LocalEntry,
  localEntry,
  type Place,
  SIGNAL_METRICS,
} from '../../core/ranking/frontier.ts'
import { tagsOnWire } from '../../protocol/gossip/digest.ts'
import type { FrontierInput } from '../../protocol/messages.ts'
import type { ReadContext } from '../context.ts'
import { readEach } from '../read-each.ts'

/** Entries a dimension that gossip is given to make digests of. */
const DEPTH = 20
/** Metrics that are read at once when a grove starts. */
const PAGE = 100
/** Dimensions that are read at once: those of a page, and the signals. */
const READ_AT_ONCE = PAGE + SIGNAL_METRICS.length

/** What an entry says of its item beside its place. */
type Description = Pick<LocalEntry, 'tags' | 'kind'>

/**
 * Reads the best works, which gossip makes digests of. After a store only the metrics that it may
 * have changed are read, and no manifest but that of an item that is new among the best: the cost
 * does not depend on how many metrics there are, nor on how much others' works weigh.
 */
export class FrontierReader {
  readonly #node: Pick<ReadContext, 'breathe' | 'contributions' | 'gossip' | 'index'>
  #touched = new Set<string>()
  /** Whether anything of that is new here. */
  #isNews = false
  /** What was stored since the last reading. */
  #arrived = new Map<Cid, Description>()

  constructor(node: Pick<ReadContext, 'breathe' | 'contributions' | 'gossip' | 'index'>) {
    this.#node = node
  }

  /** These were stored: the metrics of their scores, and the signals, are to be read again. */
  touch(contributions: readonly Contribution[]): void {
    this.touchMoved([])
    this.#isNews = true
    for (const { cid, manifest } of contributions) {
      if (manifest.kind !== 'work') continue
      this.#arrived.set(cid, descriptionOf(manifest))
      for (const metric of Object.keys(manifest.scores ?? {}))
        if (!isReservedMetric(metric)) this.#touched.add(metric)
    }
  }

  /** Works have come or gone in these metrics, and signals have moved: nothing of it is new. */
  touchMoved(metrics: readonly string[]): void {
    for (const metric of [...SIGNAL_METRICS, ...metrics]) this.#touched.add(metric)
  }

  /** The best in what was touched since the last time. Where it fails, nothing is lost. */
  async readTouched(): Promise<FrontierInput> {
    const [metrics, arrived, isNews] = [this.#touched, this.#arrived, this.#isNews]
    this.#touched = new Set()
    this.#arrived = new Map()
    this.#isNews = false
    try {
      const input = await this.#read([...metrics], arrived)
      return isNews ? input : { ...input, isNews: false }
    } catch (error) {
      this.#isNews ||= isNews
      for (const metric of metrics) this.#touched.add(metric)
      throw error
    }
  }

  /**
   * The best of what was there before the start: in the signals, and in a page of the metrics.
   * `next` is where the next page begins; undefined after the last one.
   */
  async readPage(after?: string): Promise<{ input: FrontierInput; next: string | undefined }> {
    const { index } = this.#node
    const page = await index.metrics({
      ofWorks: true,
      limit: PAGE,
      ...(after === undefined ? {} : { after }),
    })
    const metrics = after === undefined ? [...SIGNAL_METRICS, ...page] : page
    const input = await this.#read(metrics, new Map())
    return {
      input: { ...input, isNews: false },
      next: page.length < PAGE ? undefined : page.at(-1),
    }
  }

  async #read(
    metrics: readonly string[],
    arrived: ReadonlyMap<Cid, Description>,
  ): Promise<FrontierInput> {
    const places: Place[] = []
    for (let from = 0; from < metrics.length; from += READ_AT_ONCE) {
      if (from > 0) await this.#node.breathe()
      for (const place of await this.#node.index.bestWorks(
        metrics.slice(from, from + READ_AT_ONCE),
        DEPTH,
      ))
        places.push(place)
    }
    const known = (cid: Cid) => arrived.get(cid) ?? this.#node.gossip.localEntry(cid)
    const read = await this.#describe(places.filter(({ cid }) => known(cid) === undefined))
    const entries = places.flatMap((place) => {
      const info = known(place.cid) ?? read.get(place.cid)
      return info === undefined ? [] : [localEntry({ ...place, info })]
    })
    return { type: 'frontier', entries, metrics }
  }

  async #describe(places: readonly Place[]): Promise<Map<Cid, Description>> {
    const described = new Map<Cid, Description>()
    for await (const { cid, manifest } of readEach(this.#node, new Set(places.map((p) => p.cid))))
      described.set(cid, descriptionOf(manifest))
    return described
  }
}

/** Only what goes over the wire: a manifest may have a mebibyte of tags. */
function descriptionOf({ tags, kind }: Manifest): Description {
  return { tags: tagsOnWire(tags), kind }
}
