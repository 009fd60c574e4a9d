import { mapBounded } from '../../concurrency/semaphore.ts'
import { isSignalMetric, reaches } from '../../core/ranking/frontier.ts'
import type { BestEntry, BestList, BestQuery } from '../../core/wire/federation.ts'
import type { RankedPlace, ReadOptions } from '../../ports/graph-index.ts'
import type { ServeContext } from '../context.ts'

const STATS_AT_ONCE = 16

/**
 * The best held here in one dimension, with sizes: what background sync of other groves asks for.
 */
export async function bestList(
  node: ServeContext,
  query: BestQuery,
  options?: ReadOptions,
): Promise<BestList> {
  const { dimension, direction, threshold, tags, kinds = ['work'], limit } = query
  const wanted = {
    dimensions: [dimension],
    limit,
    ...(direction === undefined ? {} : { direction }),
    ...(tags === undefined ? {} : { anyTag: tags }),
    anyKind: kinds,
  }
  const rankings = await node.index.frontier(wanted, options)
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
  return isCounted ? { ...entry, evidence: (await node.marks.evidence(cid)).mark } : entry
}
