import type { Cid } from '../../src/core/cid.ts'
import type { Direction } from '../../src/core/contribution/schema.ts'
import type { Counting } from '../../src/core/peers/counting.ts'
import { type Policy, rankedKinds } from '../../src/core/policy.ts'
import { isSignalMetric, reaches } from '../../src/core/ranking/frontier.ts'
import type { Stored } from '../../src/ports/contribution-store.ts'
import type { Ranking } from '../../src/ports/graph-index.ts'
import type { MemoryGraph } from '../../src/stores/memory/graph.ts'
import { byCounting, type Holder, type Union, unionOf } from './union.ts'

/**
 * Where the groves disagree. Each must have the same best works in every dimension as a grove that
 * held everything, and the artifacts that the policy admits. Dimensions, tags and values that the
 * policy excludes need not be held, and recency is each grove's own. So is the direction of a metric:
 * those that rank it the same way must agree with what all of them hold.
 */
export async function disagreements(holders: readonly Holder[], policy: Policy): Promise<string[]> {
  const found: string[] = []
  for (const { counting, holders: group } of byCounting(holders)) {
    const all = await unionOf(holders, counting)
    for (const party of await partiesOf(group, all.graph))
      found.push(...(await disagreementsIn(party, { ...all, holders, policy, counting })))
  }
  return found
}

async function disagreementsIn(party: Party, everywhere: Everywhere): Promise<string[]> {
  const { policy } = everywhere
  const rankings = await rankingsOf(party, everywhere)
  const best = await rankings(policy, policy.topK)
  const { due, sizes } = await dueIn(party, rankings, everywhere)
  const found: string[] = []
  for (const holder of party.holders) {
    if (isOpen(policy)) {
      const ranked = await holder.disk.graph.frontier({
        anyKind: rankedKinds(policy),
        limit: policy.topK,
      })
      found.push(
        ...best
          .filter((ranking) => isCompared(ranking, policy))
          .flatMap((ranking) => differenceOf(holder, ranked, ranking)),
      )
    }
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

/** The rankings of a party: of what all hold, but for disputed metrics, of what it holds. */
async function rankingsOf(
  party: Party,
  { graph: whole, counting }: Pick<Everywhere, 'graph' | 'counting'>,
): Promise<Rankings> {
  const isAgreed = party.disputed.size === 0
  const { graph: own } = isAgreed ? { graph: whole } : await unionOf(party.holders, counting)
  const isDisputed = ({ metric }: Ranking) => party.disputed.has(metric)
  return async (policy: Policy, limit: number) => [
    ...(await rankingsIn(whole, party, { policy, limit })).filter((each) => !isDisputed(each)),
    ...(await rankingsIn(own, party, { policy, limit })).filter(isDisputed),
  ]
}

/**
 * The items that a party must hold, and the sizes of their artifacts, as far as some grove holds
 * them: any grove, but for what only disputed metrics make due one of the party. Others may not
 * offer that.
 */
async function dueIn(
  party: Party,
  rankings: Rankings,
  { holders, contributions, policy }: Everywhere,
): Promise<{ readonly due: ReadonlySet<Cid>; readonly sizes: ReadonlyMap<Cid, number> }> {
  const whole = await rankings(policy, Number.MAX_SAFE_INTEGER)
  const due = wantedOf(whole, policy)
  const undisputed = whole.filter(({ metric }) => !party.disputed.has(metric))
  const sizes = new Map([
    ...(await sizesOf(holders, wantedOf(undisputed, policy), contributions)),
    ...(await sizesOf(party.holders, due, contributions)),
  ])
  return { due, sizes }
}

/**
 * By grove, the items that the policy admits of the best of everything, each with the artifacts
 * that it admits and some grove holds.
 */
export async function wanted(
  holders: readonly Holder[],
  policy: Policy,
): Promise<ReadonlyMap<string, ReadonlyMap<Cid, readonly Cid[]>>> {
  const found = new Map<string, ReadonlyMap<Cid, readonly Cid[]>>()
  for (const { counting, holders: group } of byCounting(holders))
    for (const [name, items] of await wantedIn(group, { holders, policy, counting }))
      found.set(name, items)
  return found
}

/** The same for groves that count alike. */
async function wantedIn(
  group: readonly Holder[],
  { holders, policy, counting }: Omit<Everywhere, keyof Union>,
): Promise<ReadonlyMap<string, ReadonlyMap<Cid, readonly Cid[]>>> {
  const all = await unionOf(holders, counting)
  const { contributions } = all
  const found = new Map<string, ReadonlyMap<Cid, readonly Cid[]>>()
  for (const party of await partiesOf(group, all.graph)) {
    const rankings = await rankingsOf(party, { ...all, counting })
    const { due, sizes } = await dueIn(party, rankings, { ...all, holders, policy, counting })
    const isAdmitted = (hash: Cid) => {
      const size = sizes.get(hash)
      return size !== undefined && size <= policy.maxArtifactBytes
    }
    const artifacts = (cid: Cid) => Object.values(contributions.get(cid)?.manifest.artifacts ?? {})
    const items = new Map([...due].map((cid) => [cid, artifacts(cid).filter(isAdmitted)]))
    for (const { name } of party.holders) found.set(name, items)
  }
  return found
}

const isOpen = ({ tags, kinds, thresholds }: Policy): boolean =>
  tags === undefined && kinds === undefined && Object.keys(thresholds).length === 0

/** Groves that rank every metric in the same direction. */
interface Party {
  readonly holders: readonly Holder[]
  readonly directions: ReadonlyMap<string, Direction>
  /** Metrics that other groves rank in the other direction. */
  readonly disputed: ReadonlySet<string>
}

/** The rankings of a party, each up to so many places. */
type Rankings = (policy: Policy, limit: number) => Promise<Ranking[]>

/** The groves by the directions of their metrics; that of what one doesn't have is everybody's. */
async function partiesOf(holders: readonly Holder[], whole: MemoryGraph): Promise<Party[]> {
  const directionsIn = async (graph: MemoryGraph) =>
    (await graph.frontier({ limit: 1 })).map(
      ({ metric, direction }) => [metric, direction] as const,
    )
  const usual = await directionsIn(whole)
  const found = await Promise.all(
    holders.map(async (holder) => ({
      holder,
      directions: new Map([...usual, ...(await directionsIn(holder.disk.graph))]),
    })),
  )
  const disputed = new Set(
    usual
      .map(([metric]) => metric)
      .filter((metric) => new Set(found.map(({ directions }) => directions.get(metric))).size > 1),
  )
  const sideOf = ({ directions }: Pick<Party, 'directions'>) =>
    [...disputed].map((metric) => directions.get(metric)).join(' ')
  return [...Map.groupBy(found, sideOf).values()].flatMap((party) => {
    const [first] = party
    const members = party.map(({ holder }) => holder)
    return first === undefined ? [] : [{ holders: members, directions: first.directions, disputed }]
  })
}

/** The rankings of a graph in a party's directions. */
async function rankingsIn(
  graph: MemoryGraph,
  { directions }: Party,
  { policy, limit }: { readonly policy: Policy; readonly limit: number },
): Promise<Ranking[]> {
  const query = { anyKind: rankedKinds(policy), limit }
  const down = await graph.frontier({ ...query, direction: 'minimize' })
  const up = await graph.frontier({ ...query, direction: 'maximize' })
  return [...down, ...up].filter(({ metric, direction }) => direction === directions.get(metric))
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

/** All groves, what they hold together, and the policy of each. */
interface Everywhere extends Union {
  /** Whose word counts for those that are compared. */
  readonly counting: Counting | undefined
  readonly holders: readonly Holder[]
  readonly policy: Policy
}

/** Everything that the groves hold, in one graph folded from scratch. */
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

/** The items that the policy admits, of whole rankings. */
function wantedOf(rankings: readonly Ranking[], policy: Policy): Set<Cid> {
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
