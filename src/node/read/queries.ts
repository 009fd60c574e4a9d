import { type Cid, cidOfDigits, isCid, parseCidPrefix } from '../../core/cid.ts'
import { type Contribution, viewOf } from '../../core/contribution/contribution.ts'
import { type Lifecycle, lifecycleOf } from '../../core/contribution/lifecycle.ts'
import {
  ABOUT,
  counts,
  EVIDENCE,
  isChallenge,
  type Saying,
} from '../../core/contribution/relation.ts'
import type { ContributionView, RelationType } from '../../core/contribution/schema.ts'
import { GroveError } from '../../core/errors.ts'
import { type Belief, beliefIn, type OwnWord } from '../../core/ranking/belief.ts'
import { ownPlaces, type Place, signalPlaces } from '../../core/ranking/frontier.ts'
import type { Stub } from '../../core/wire/federation.ts'
import type { Filter, SearchResult } from '../../core/wire/frontier.ts'
import type { BlobInfo } from '../../ports/blob-store.ts'
import type { Provenance, Stored } from '../../ports/contribution-store.ts'
import type { Page, ReadOptions } from '../../ports/graph-index.ts'
import type { ReadContext } from '../context.ts'
import { readEach } from '../read-each.ts'
import { saidInTurns } from './said-in-turns.ts'

/** How many candidates an ambiguous abbreviation names. */
const CANDIDATES_MAX = 10
/** Edges of each kind that are read for one question about one contribution. */
const EDGES_MAX = 10_000
/** Manifests that are read to tell an author's own word from that of others. */
const OWN_WORD_MAX = 200

/**
 * The cid behind an abbreviation: of what is held, else of what a relation or a stub names, else of
 * what peers advertise. A whole cid may lack its `blake3:`, and need not be known. Throws
 * `cid-invalid`, `cid-ambiguous` with candidates, `not-found`.
 */
export async function resolveCid(node: ReadContext, text: string): Promise<Cid> {
  if (isCid(text)) return text
  const digits = parseCidPrefix(text)
  const whole = cidOfDigits(digits)
  if (whole !== undefined) return whole
  const [first, ...others] = await candidatesFor(node, digits)
  if (first === undefined)
    throw new GroveError(
      'not-found',
      { cid: text },
      { message: `nothing that is known here starts with ${text}: give the whole id` },
    )
  if (others.length === 0) return first
  throw new GroveError(
    'cid-ambiguous',
    { cid: text, candidates: [first, ...others] },
    { message: `${text} is the start of several contributions: give more digits` },
  )
}

async function candidatesFor(node: ReadContext, digits: string): Promise<readonly Cid[]> {
  const held = await node.contributions.resolve(digits, CANDIDATES_MAX)
  if (held.length > 0) return held
  const known = await node.contributions.resolveKnown(digits, CANDIDATES_MAX)
  if (known.length > 0) return known
  const advertised = node.gossip.federated(node.clock.now()).map(({ cid }) => cid)
  const found = new Set(advertised.filter((cid) => cid.startsWith(digits, 'blake3:'.length)))
  return [...found].slice(0, CANDIDATES_MAX)
}

/** A contribution that is held here. Throws `not-found`. */
export async function contributionOf(node: ReadContext, cid: Cid): Promise<Stored> {
  const stored = await node.contributions.get(cid)
  if (stored === undefined)
    throw new GroveError('not-found', { cid }, { message: `Contribution ${cid} not found` })
  return stored
}

/** What this grove knows about a contribution beyond its manifest. */
export interface ContributionStanding {
  readonly provenance: Provenance
  readonly lifecycle: Lifecycle
  readonly adoption: number
  readonly reproduction: number
  readonly reviewScore: number | undefined
  /** What of that its own author says; undefined where too much is said to look at all of it. */
  readonly byAuthor: OwnWord | undefined
  readonly missingArtifacts: readonly string[]
  /** How far it is believed, as a whole and in each dimension in which it ranks. */
  readonly belief: Belief
  readonly beliefs: readonly (Belief & Place)[]
}

/** Where a held contribution came from and what others here made of it. Throws `not-found`. */
export async function standingOf(node: ReadContext, cid: Cid): Promise<ContributionStanding> {
  const stored = await contributionOf(node, cid)
  const { manifest, provenance } = stored
  const [said, signals, missing] = await Promise.all([
    saidInTurns(node, cid, EVIDENCE, EDGES_MAX),
    node.index.signals(cid),
    node.blobs.missing(Object.values(manifest.artifacts)),
  ])
  const lost = new Set(missing)
  const missingArtifacts = Object.keys(manifest.artifacts).filter((name) =>
    lost.has(manifest.artifacts[name] as Cid),
  )
  const byAuthor = await ownWordIn(node, manifest.agent.agentId, said)
  const challenges = said.filter(isChallenge).length
  const grounds = { held: true, signals, challenges, ...(byAuthor && { byAuthor }) }
  const places = [...ownPlaces(stored, provenance.receivedAt), ...signalPlaces(stored, signals)]
  return {
    provenance,
    lifecycle: lifecycleOf(said),
    ...signals,
    byAuthor,
    missingArtifacts,
    belief: beliefIn(grounds),
    beliefs: places.map((place) => ({ ...place, ...beliefIn(grounds, place.metric) })),
  }
}

/**
 * What of the evidence comes from an author, by the id that its manifest names. Undefined where
 * there is more than is read for one question.
 */
async function ownWordIn(
  node: ReadContext,
  agentId: string,
  said: readonly Saying[],
): Promise<OwnWord | undefined> {
  const sources = new Set(said.map(({ source }) => source))
  if (sources.size > OWN_WORD_MAX) return undefined
  const own = new Set<Cid>()
  for await (const { cid, manifest } of readEach(node, sources))
    if (manifest.agent.agentId === agentId) own.add(cid)
  const count = (signal: (typeof counts)[RelationType]) => {
    const theirs = said.filter((one) => counts[one.type] === signal && !isChallenge(one))
    return new Set(theirs.map(({ source }) => source).filter((source) => own.has(source))).size
  }
  return {
    adoption: count('adoption'),
    reproduction: count('reproduction'),
    reviews: count('review'),
  }
}

/** Contributions oldest first, and how many match in all. */
export async function listContributions(
  node: ReadContext,
  filter: Filter,
  page: Page,
  options?: ReadOptions,
): Promise<{ items: ContributionView[]; total: number }> {
  const { items, total } = await node.index.list(filter, page, options)
  return { items: items.map(viewOf), total }
}

interface SearchQuestion {
  readonly text: string
  readonly filter: Filter
  readonly limit: number
}

/** Full-text search, best match first; and whether very common words took no part in the order. */
export async function searchContributions(
  node: ReadContext,
  { text, filter, limit }: SearchQuestion,
  options?: ReadOptions,
): Promise<{ results: SearchResult[]; isBounded: boolean }> {
  const { items, isBounded } = await node.index.search(text, filter, limit, options)
  const results = items.map(({ cid, manifest }) => {
    const { summary, kind, mode, tags, scores, createdAt, agent } = manifest
    return {
      cid,
      summary,
      kind,
      mode,
      tags,
      ...(scores === undefined ? {} : { scores }),
      agentId: agent.agentId,
      createdAt,
    }
  })
  return { results, isBounded }
}

/** An artifact of a held contribution. Throws `not-found`, `blob-missing`. */
export async function artifactOf(node: ReadContext, cid: Cid, name: string): Promise<BlobInfo> {
  const { manifest } = await contributionOf(node, cid)
  const hash = Object.hasOwn(manifest.artifacts, name) ? manifest.artifacts[name] : undefined
  if (hash === undefined)
    throw new GroveError(
      'not-found',
      { cid, name },
      { message: `Artifact '${name}' not found in ${cid}` },
    )
  const info = await node.blobs.stat(hash)
  if (info === undefined) {
    const message = `Artifact '${name}' of ${cid} is missing: fetch the contribution to complete it`
    throw new GroveError('blob-missing', { cid, name, hash }, { message })
  }
  return info
}

/**
 * Contributions with a relation to this one, oldest first: if there are very many, some of each
 * kind and host. Throws `not-found` for an unknown one.
 */
export async function children(
  node: ReadContext,
  cid: Cid,
  types: readonly RelationType[] = ABOUT,
): Promise<ContributionView[]> {
  const said = await saidInTurns(node, cid, types, EDGES_MAX)
  if (said.length === 0) await contributionOf(node, cid)
  return neighbours(
    node,
    said.slice(0, EDGES_MAX).map(({ source }) => source),
  )
}

/** Held contributions that this one has a relation to, oldest first. Throws `not-found`. */
export async function ancestors(
  node: ReadContext,
  cid: Cid,
  types?: readonly RelationType[],
): Promise<ContributionView[]> {
  await contributionOf(node, cid)
  const edges = await node.index.edges(cid, 'out', types === undefined ? {} : { types })
  return neighbours(
    node,
    edges.map((edge) => edge.target),
  )
}

/** What counts as the word of others on a contribution. */
export const EVIDENCE_LISTED = ['reviews', 'reproduces', 'adopts'] as const satisfies RelationType[]

/**
 * Contributions that say something about this one by relations of these types, newest first, and
 * how many there are. Throws `not-found` for an unknown one.
 */
export async function evidenceFor(
  node: ReadContext,
  cid: Cid,
  { types, page }: { readonly types: readonly RelationType[]; readonly page: Page },
  options?: ReadOptions,
): Promise<{ items: ContributionView[]; total: number }> {
  const { items, total } = await node.index.related(cid, types, page, options)
  if (total === 0) await contributionOf(node, cid)
  return { items: items.map(viewOf), total }
}

async function neighbours(node: ReadContext, cids: readonly Cid[]): Promise<ContributionView[]> {
  const held: Contribution[] = []
  for await (const contribution of readEach(node, new Set(cids))) held.push(contribution)
  return held.sort(byAge).map(viewOf)
}

function byAge(a: Contribution, b: Contribution): number {
  const byTime = Date.parse(a.manifest.createdAt) - Date.parse(b.manifest.createdAt)
  return byTime !== 0 ? byTime : a.cid < b.cid ? -1 : 1
}

/** Contributions known by id only, oldest first. */
export function stubs(node: ReadContext, limit: number): Promise<Stub[]> {
  return node.stubs.stubs(limit)
}
