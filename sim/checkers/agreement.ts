import type { Cid } from '../../src/core/cid.ts'
import { type Policy, rankedKinds } from '../../src/core/policy.ts'
import { isSignalMetric, reaches } from '../../src/core/ranking/frontier.ts'
import type { Stored } from '../../src/ports/contribution-store.ts'
import type { Ranking } from '../../src/ports/graph-index.ts'
import { seeded } from '../../src/runtime/random.ts'
import { MemoryGraph } from '../../src/stores/memory/graph.ts'
import type { Disk } from '../machine/disk.ts'

/** What a checker needs of a machine. */
export interface Holder {
  readonly name: string
  readonly disk: Disk
}

const ALL = { limit: 1_000_000, offset: 0 }

/**
 * Where the groves disagree. Each must have the same best works in every dimension as a grove that
 * held everything, and the artifacts that the policy admits. Dimensions, tags and values that the policy
 * excludes need not be held, and recency is each grove's own.
 */
export async function disagreements(holders: readonly Holder[], policy: Policy): Promise<string[]> {
  const { graph: whole, contributions } = await unionOf(holders)
  const query = { anyKind: rankedKinds(policy), limit: policy.topK }
  const best = await whole.frontier(query)
  const found: string[] = []
  const isOpen =
    policy.tags === undefined &&
    policy.kinds === undefined &&
    Object.keys(policy.thresholds).length === 0
  const due = await wantedBy(whole, policy)
  const sizes = await sizesOf(holders, due, contributions)
  for (const holder of holders) {
    const own = await holder.disk.graph.frontier(query)
    if (isOpen)
      found.push(
        ...best
          .filter((ranking) => isCompared(ranking, policy))
          .flatMap((ranking) => differenceOf(holder, own, ranking)),
      )
    for (const cid of await holder.disk.graph.missing([...due]))
      found.push(`${holder.name} lacks ${cid}`)
    for (const hash of await holder.disk.blobs.missing([...sizes.keys()])) {
      const isAdmitted = (sizes.get(hash) ?? 0) <= policy.maxArtifactBytes
      if (isAdmitted && !holder.disk.forgotten.has(hash))
        found.push(`${holder.name} lacks the blob ${hash}`)
    }
  }
  return found
}

/**
 * The items that the policy admits, of the best of everything that these groves hold, each with the
 * artifacts that it admits and some grove holds.
 */
export async function wanted(
  holders: readonly Holder[],
  policy: Policy,
): Promise<ReadonlyMap<Cid, readonly Cid[]>> {
  const { graph, contributions } = await unionOf(holders)
  const due = await wantedBy(graph, policy)
  const sizes = await sizesOf(holders, due, contributions)
  const isAdmitted = (hash: Cid) => {
    const size = sizes.get(hash)
    return size !== undefined && size <= policy.maxArtifactBytes
  }
  const artifacts = (cid: Cid) => Object.values(contributions.get(cid)?.manifest.artifacts ?? {})
  return new Map([...due].map((cid) => [cid, artifacts(cid).filter(isAdmitted)]))
}

/**
 * What groves hold about a contribution (replies, reviews, reproductions, adoptions, derived work)
 * that another grove, which holds the contribution, lacks.
 */
export async function unheard(holders: readonly Holder[]): Promise<string[]> {
  const { graph: whole, contributions } = await unionOf(holders)
  const found: string[] = []
  for (const { name, disk } of holders) {
    const absent = new Set(await disk.graph.missing([...contributions.keys()]))
    for (const cid of contributions.keys()) {
      if (absent.has(cid)) continue
      const about = await whole.edges(cid, 'in')
      for (const { source } of about.filter(({ source }) => absent.has(source)))
        found.push(`${name} holds ${cid} and lacks ${source}, which is about it`)
    }
  }
  return found
}

/** Everything that the groves hold, in one graph folded from scratch. */
async function unionOf(
  holders: readonly Holder[],
): Promise<{ graph: MemoryGraph; contributions: Map<Cid, Stored> }> {
  const graph = new MemoryGraph(seeded(1))
  const contributions = new Map<Cid, Stored>()
  for (const { disk } of holders)
    for (const stored of (await disk.graph.list({}, ALL)).items)
      contributions.set(stored.cid, stored)
  for (const stored of contributions.values()) await graph.put(stored, stored.provenance)
  return { graph, contributions }
}

function isCompared({ metric }: Ranking, { dimensions }: Policy): boolean {
  return metric !== '_recency' && (dimensions?.includes(metric) ?? true)
}

function differenceOf(
  { name }: Holder,
  own: readonly Ranking[],
  { metric, direction, places }: Ranking,
): string[] {
  const textOf = (ranked: Ranking['places']) =>
    ranked.map(({ cid, value }) => `${cid}=${value}`).join(' ')
  const expected = textOf(places)
  const actual = textOf(
    own.find((ranking) => ranking.metric === metric && ranking.direction === direction)?.places ??
      [],
  )
  return expected === actual
    ? []
    : [`${name} ranks ${metric} as ${actual || 'nothing'}, not as ${expected}`]
}

/** The items that the policy admits, of the best of everything. */
async function wantedBy(whole: MemoryGraph, policy: Policy): Promise<Set<Cid>> {
  const rankings = await whole.frontier({
    anyKind: rankedKinds(policy),
    limit: Number.MAX_SAFE_INTEGER,
  })
  const found = new Set<Cid>()
  for (const ranking of rankings) {
    const { metric, direction } = ranking
    if (isSignalMetric(metric) || !isCompared(ranking, policy)) continue
    const threshold = policy.thresholds[metric]
    const admitted = ranking.places.filter(({ value, info }) => {
      const isGood = threshold === undefined || reaches(direction, value, threshold)
      const hasTag = policy.tags === undefined || policy.tags.some((tag) => info.tags.includes(tag))
      return isGood && hasTag
    })
    for (const { cid } of admitted.slice(0, policy.topK)) found.add(cid)
  }
  return found
}

/** The sizes of these items' artifacts, as far as some grove holds them. */
async function sizesOf(
  holders: readonly Holder[],
  cids: ReadonlySet<Cid>,
  contributions: ReadonlyMap<Cid, Stored>,
): Promise<Map<Cid, number>> {
  const sizes = new Map<Cid, number>()
  const hashes = new Set(
    [...cids].flatMap((cid) => Object.values(contributions.get(cid)?.manifest.artifacts ?? {})),
  )
  for (const hash of hashes) {
    for (const { disk } of holders) {
      const info = await disk.blobs.stat(hash)
      if (info !== undefined) sizes.set(hash, info.sizeBytes)
    }
  }
  return sizes
}
