import { mapBounded } from '../../concurrency/semaphore.ts'
import type { Kind } from '../../core/contribution/schema.ts'
import { isSignalMetric, reaches } from '../../core/ranking/frontier.ts'
import type { BestEntry, BestList, BestQuery } from '../../core/wire/federation.ts'
import type { FrontierQuery, RankedPlace } from '../../ports/graph-index.ts'
import type { ServeContext } from '../context.ts'
import { evidenceMark } from './evidence-mark.ts'

const STATS_AT_ONCE = 16

/**
 * The best held here in one dimension, with sizes: what background sync of other groves asks for.
 */
export async function bestList(node: ServeContext, query: BestQuery): Promise<BestList> {
  const { dimension, direction, threshold, tags, kinds = ['work'], limit } = query
  const rankings = await node.index.frontier({
    dimensions: [dimension],
    limit,
    ...(direction === undefined ? {} : { direction }),
    ...(tags === undefined ? {} : { anyTag: tags }),
    ...amongKinds(kinds),
  })
  const ranking = rankings.find(({ metric }) => metric === dimension)
  if (ranking === undefined) return { dimension, direction: direction ?? 'maximize', entries: [] }
  const places = ranking.places.filter(
    ({ value }) => threshold === undefined || reaches(ranking.direction, value, threshold),
  )
  return {
    dimension,
    direction: ranking.direction,
    entries: await mapBounded(places, STATS_AT_ONCE, (place) => entryOf(node, place)),
  }
}

/** The best among these kinds; among works alone it costs the same however much is held. */
export function amongKinds(kinds: readonly Kind[]): Pick<FrontierQuery, 'kind' | 'anyKind'> {
  const [kind, ...others] = kinds
  return kind !== undefined && others.length === 0 ? { kind } : { anyKind: kinds }
}

async function entryOf(
  node: ServeContext,
  { cid, metric, value, info }: RankedPlace,
): Promise<BestEntry> {
  await node.breathe()
  const { kind, tags, artifacts, manifestBytes } = info
  const stats = await Promise.all(artifacts.map((hash) => node.blobs.stat(hash)))
  const artifactBytes = stats.reduce((sum, stat) => sum + (stat?.sizeBytes ?? 0), 0)
  const entry = {
    cid,
    value,
    kind,
    tags,
    manifestBytes,
    artifactBytes,
  }
  const isCounted = isSignalMetric(metric) && metric !== '_recency'
  return isCounted ? { ...entry, evidence: await evidenceMark(node.index, cid) } : entry
}
