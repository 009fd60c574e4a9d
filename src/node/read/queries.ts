import { type Cid, cidOfDigits, isCid, parseCidPrefix } from '../../core/cid.ts'
import { type Lifecycle, lifecycleOf } from '../../core/contribution/lifecycle.ts'
import { counts, EVIDENCE, isChallenge, type Saying } from '../../core/contribution/relation.ts'
import { membersOf } from '../../core/contribution/scan.ts'
import type { RelationType } from '../../core/contribution/schema.ts'
import { GroveError } from '../../core/errors.ts'
import type { KeyId } from '../../core/identity/ed25519.ts'
import type { DsseEnvelope } from '../../core/identity/statement.ts'
import type { KeyStanding } from '../../core/peers/counting.ts'
import {
  type Backing,
  type Belief,
  beliefIn,
  type OwnWord,
  type SignedBy,
} from '../../core/ranking/belief.ts'
import { ownPlaces, type Place, signalPlaces } from '../../core/ranking/frontier.ts'
import type { Stub } from '../../core/wire/federation.ts'
import type { BlobInfo } from '../../ports/blob-store.ts'
import type { Provenance, Stored } from '../../ports/contribution-store.ts'
import type { ReadContext } from '../context.ts'
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

/** A grove that has signed a contribution. */
interface SignerHere {
  readonly peerId: KeyId
  /** When it was published there (Unix ms): the grove's own word. */
  readonly at: number
  /** This grove, also by a key that it had before. */
  readonly own?: true
  /** What is made of its key here, if anything. */
  readonly standing?: Exclude<KeyStanding, 'own'>
  /** The grove's present key, where it has another than it signed this with. */
  readonly now?: KeyId
}

const NOBODY: SignedBy = { adoption: 0, reproduction: 0, reviews: 0 }
const NO_BACKING: Backing = {
  ...{ signedBy: NOBODY, trusted: NOBODY, isAttested: false },
  work: { groves: 0, trusted: 0 },
}
/** Contributions that are looked up at once. */
const JUDGED_AT_ONCE = 500

/** What this grove knows about a contribution beyond its manifest. */
export interface ContributionStanding {
  readonly provenance: Provenance
  readonly lifecycle: Lifecycle
  readonly adoption: number
  readonly reproduction: number
  readonly reviewScore: number | undefined
  /** What of that its own author says; undefined where too much is said to look at all of it. */
  readonly byAuthor: OwnWord | undefined
  /** Who has signed it, the foremost first. */
  readonly origins: readonly SignerHere[]
  /** How many groves have signed what its signals count. */
  readonly signedBy: SignedBy
  /** How many of these the operator trusts. */
  readonly trusted: SignedBy
  /** How much of what its signals count nobody has signed. */
  readonly unsigned: OwnWord
  readonly missingArtifacts: readonly string[]
  /** How far it is believed, as a whole and in each dimension in which it ranks. */
  readonly belief: Belief
  readonly beliefs: readonly (Belief & Place)[]
}

/** Where a held contribution came from and what others here made of it. Throws `not-found`. */
export async function standingOf(node: ReadContext, cid: Cid): Promise<ContributionStanding> {
  const stored = await contributionOf(node, cid)
  const { manifest, provenance } = stored
  const [said, signals, [{ signedBy, trusted, isAttested } = NO_BACKING], origins, missing] =
    await Promise.all([
      saidInTurns(node, cid, EVIDENCE, EDGES_MAX),
      node.index.signals(cid),
      node.index.backing([cid]),
      signersOf(node, cid),
      node.blobs.missing(Object.values(manifest.artifacts)),
    ])
  const lost = new Set(missing)
  const missingArtifacts = Object.keys(manifest.artifacts).filter((name) =>
    lost.has(manifest.artifacts[name] as Cid),
  )
  const counted = await countedOf(node, said)
  const byAuthor = await ownWordIn(node, manifest.agent.agentId, counted)
  const unsigned = await unsignedIn(node, counted)
  const challenges = counted.filter(isChallenge).length
  const behind = { signedBy, trusted, isAttested }
  const grounds = { held: true, signals, challenges, ...behind, ...(byAuthor && { byAuthor }) }
  const places = [...ownPlaces(stored, provenance.receivedAt), ...signalPlaces(stored, signals)]
  return {
    provenance,
    lifecycle: lifecycleOf(said),
    ...signals,
    byAuthor,
    origins,
    signedBy,
    trusted,
    unsigned,
    missingArtifacts,
    belief: beliefIn(grounds),
    beliefs: places.map((place) => ({ ...place, ...beliefIn(grounds, place.metric) })),
  }
}

/**
 * An envelope that other tools read, in which this grove attests who has signed a contribution.
 * Throws `not-found`, also where nobody has.
 */
export async function attestationFor(node: ReadContext, cid: Cid): Promise<DsseEnvelope> {
  const { bytes } = await contributionOf(node, cid)
  const [[, origins = []] = []] = await node.origins.of([cid])
  if (node.signing !== undefined && origins.length > 0)
    return node.signing.attest({ cid, bytes, origins })
  const message = `nobody has signed ${cid}, so there is nothing to attest`
  throw new GroveError('not-found', { cid }, { message })
}

/** What of it counts here, by who has signed it. */
async function countedOf(node: ReadContext, said: readonly Saying[]): Promise<Saying[]> {
  const counted: Saying[] = []
  for (let from = 0; from < said.length; from += JUDGED_AT_ONCE) {
    await node.breathe()
    const some = said.slice(from, from + JUDGED_AT_ONCE)
    const judged = await node.origins.judgements(some.map(({ source }) => source))
    counted.push(...some.filter((_, n) => judged[n] === 'counts'))
  }
  return counted
}

async function signersOf({ origins, access }: ReadContext, cid: Cid): Promise<SignerHere[]> {
  const [[, kept = []] = []] = await origins.of([cid])
  return kept.map(({ peerId, at }) => {
    const standing = access.keys.of(peerId)
    const now = access.rotations.presentOf(peerId)
    const signer = { peerId, at, ...(now !== peerId && { now }) }
    if (standing === undefined) return signer
    return standing === 'own' ? { ...signer, own: true } : { ...signer, standing }
  })
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
  for (const cid of sources) {
    await node.breathe()
    const bytes = await node.contributions.bytes(cid)
    if (bytes && membersOf(bytes, ['agent']).agent.agentId === agentId) own.add(cid)
  }
  return countsIn(said.filter(({ source }) => own.has(source)))
}

/** How much of what counts nobody has signed: groves up to 0.2.0 have no keys. */
async function unsignedIn(node: ReadContext, counted: readonly Saying[]): Promise<OwnWord> {
  if (node.config.admission !== undefined && node.config.admission !== 'open') return countsIn([])
  const sources = [...new Set(counted.map(({ source }) => source))]
  const signed = new Set<Cid>()
  for (let from = 0; from < sources.length; from += JUDGED_AT_ONCE) {
    await node.breathe()
    const kept = await node.origins.of(sources.slice(from, from + JUDGED_AT_ONCE))
    for (const [cid] of kept) signed.add(cid)
  }
  return countsIn(counted.filter(({ source }) => !signed.has(source)))
}

/** How many contributions count in each signal, of what is said. */
function countsIn(said: readonly Saying[]): OwnWord {
  const count = (signal: (typeof counts)[RelationType]) => {
    const meant = said.filter((one) => counts[one.type] === signal && !isChallenge(one))
    return new Set(meant.map(({ source }) => source)).size
  }
  return {
    adoption: count('adoption'),
    reproduction: count('reproduction'),
    reviews: count('review'),
  }
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

/** Contributions known by id only, oldest first. */
export function stubs(node: ReadContext, limit: number): Promise<Stub[]> {
  return node.stubs.stubs(limit)
}
