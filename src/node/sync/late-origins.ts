import { BoundedMap } from '../../concurrency/bounded.ts'
import type { Cid } from '../../core/cid.ts'
import type { Attestation } from '../../core/contribution/attestation.ts'
import { NO_ORIGINS, originMarksIn } from '../../core/identity/origin-mark.ts'
import { originOf } from '../../core/identity/origin-text.ts'
import { ORIGINS_ASKED_MAX } from '../../core/limits.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import { admitOrigins, provenanceOf } from '../admit.ts'
import type { SyncContext, TakenWork } from '../context.ts'
import { ask } from '../peers/contact.ts'
import { mayDiffer, originMarks } from '../serve/origins.ts'
import type { RoundBudget } from './round-budget.ts'

/** Contributions, by peer, of which it is remembered which origins have been asked for. */
const ASKED_MAX = 16_384
/** Peers of which it is remembered what they hold of what was published here. */
const TAKERS_MAX = 1_000

/**
 * Which origins have been asked for: a peer that keeps others than this grove does, as it lists
 * other keys, is not asked for them again until they change.
 */
export class OriginsMemory {
  readonly #asked = new BoundedMap<string, string>(ASKED_MAX)
  /** By address, what a peer has last said of what was published here. */
  readonly taken = new BoundedMap<string, TakenWork>(TAKERS_MAX)

  isNew({ address }: PeerAddress, cid: Cid, mark: string): boolean {
    return this.#asked.get(`${address} ${cid}`) !== mark
  }

  note({ address }: PeerAddress, cid: Cid, mark: string): void {
    this.#asked.set(`${address} ${cid}`, mark)
  }
}

interface ToldMarks {
  /** The contributions that the peer has looked at. */
  readonly cids: readonly Cid[]
  /** Fingerprints of who has signed them there, one after the other. */
  readonly signed: string
  readonly budget: RoundBudget
  readonly memory: OriginsMemory
  /** Those that were published here, in a question that has all of the latest. */
  readonly own?: ReadonlySet<Cid>
  readonly signal: AbortSignal
}

/**
 * Brings origins of held contributions that a peer knows and this grove doesn't: two groves have
 * published the same, or something was signed after others had fetched it. False where there is
 * more than is asked for at once.
 */
export async function bringOrigins(
  node: SyncContext,
  peer: PeerAddress,
  { cids, signed, budget, memory, own, signal }: ToldMarks,
): Promise<boolean> {
  if (signed === '' || node.signing === undefined) return true
  const ours = originMarksIn(await originMarks(node, cids))
  const theirs = new Map(originMarksIn(signed).map((mark, n) => [cids[n], mark]))
  if (own !== undefined) {
    // What is signed here and held there is signed there, too.
    const isSigned = (cid: Cid, n: number) => own.has(cid) && ours[n] !== NO_ORIGINS
    const published = cids.filter(isSigned)
    const lacking = published.filter((cid) => theirs.get(cid) === NO_ORIGINS).length
    memory.taken.set(peer.address, { published: published.length, lacking })
  }
  const differing = cids.filter((cid, n) => {
    const mark = theirs.get(cid)
    return mark !== undefined && mayDiffer(mark, ours[n] ?? '') && memory.isNew(peer, cid, mark)
  })
  const asked = differing.slice(0, ORIGINS_ASKED_MAX)
  if (asked.length === 0 || budget.isSpent) return differing.length === 0
  budget.requests.made++
  const answer = await ask(node, peer, signal, () =>
    node.transport.origins(peer, { cids: asked }, { signal }),
  )
  const isAsked = new Set(asked)
  for (const { cid, attestations } of answer.origins)
    if (isAsked.delete(cid) && !(await admitTold(node, peer, cid, attestations))) break
  for (const cid of asked.slice(0, answer.looked)) memory.note(peer, cid, theirs.get(cid) ?? '')
  return answer.looked >= differing.length
}

/** Only what is unknown is verified. False where something of it does not hold. */
async function admitTold(
  node: SyncContext,
  peer: PeerAddress,
  cid: Cid,
  told: readonly Attestation[],
): Promise<boolean> {
  const [[, known = []] = []] = await node.origins.of([cid])
  const keys = new Set<string>(known.map(({ peerId }) => peerId))
  const attestations = told.filter((attestation) => !keys.has(originOf(attestation)?.peerId ?? ''))
  const contribution = attestations.length === 0 ? undefined : await node.contributions.get(cid)
  if (contribution === undefined) return true
  const incoming = {
    contribution: { ...contribution, attestations },
    provenance: provenanceOf(node, peer),
  }
  return (await admitOrigins(node, incoming)) === attestations.length
}
