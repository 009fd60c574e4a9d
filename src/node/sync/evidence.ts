import { mapBounded } from '../../concurrency/semaphore.ts'
import type { Cid } from '../../core/cid.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { Stored } from '../../ports/contribution-store.ts'
import type { Offer } from '../../protocol/sync/plan.ts'
import { admitAll, provenanceOf } from '../admit.ts'
import type { SyncContext } from '../context.ts'
import { fetchClosure } from '../fetch/closure.ts'
import type { EvidenceMemory } from './evidence-memory.ts'
import type { RoundBudget } from './round-budget.ts'

/** Contributions that one peer is asked about in one round. */
const ASKED_PER_PEER = 16
const ASKED_AT_ONCE = 4
/** What one author may say about one contribution in one answer, by the id of the agent. */
const MAX_PER_AUTHOR = 100

export interface EvidenceRound {
  readonly budget: RoundBudget
  /** What has been asked before. */
  readonly memory: EvidenceMemory
  readonly signal: AbortSignal
}

export interface EvidenceQuestion {
  readonly contribution: Stored
  readonly peer: PeerAddress
  readonly mark: string
}

/**
 * Asks the peers whose evidence about something held here differs, and admits theirs, so that
 * signals count the same everywhere. The cids of what was new.
 */
export async function refreshEvidence(
  node: SyncContext,
  offers: readonly Offer[],
  round: EvidenceRound,
): Promise<Cid[]> {
  return bringEvidence(node, await questionsFor(node, round.memory, offers), round)
}

/** Asks these questions, and admits what comes. The cids of what was new. */
export async function bringEvidence(
  node: SyncContext,
  questions: readonly EvidenceQuestion[],
  { budget, memory, signal: round }: EvidenceRound,
  { replies }: { readonly replies: boolean } = { replies: false },
): Promise<Cid[]> {
  const brought = await mapBounded(questions, ASKED_AT_ONCE, async (question, ended) => {
    const { contribution, peer, mark } = question
    if (budget.isSpent) return []
    const signal = AbortSignal.any([round, ended])
    budget.requests.made++
    signal.throwIfAborted()
    const closure = await fetchClosure(node, {
      contribution,
      depth: 0,
      evidence: true,
      replies,
      providers: [peer],
      signal,
      takeEvidence: (address, sizeBytes) => budget.tryTakeEvidence(address, sizeBytes),
      maxPerAuthor: MAX_PER_AUTHOR,
      part: memory.part(peer, contribution.cid),
    })
    budget.moved(closure.bytesMoved)
    const provenance = provenanceOf(node, peer)
    const added = await admitAll(
      node,
      closure.evidence.map((contribution) => ({ contribution, provenance })),
    )
    if (closure.answered) memory.answered(peer, { cid: contribution.cid, mark }, closure)
    return added
  })
  return brought.flat()
}

async function questionsFor(
  node: SyncContext,
  memory: EvidenceMemory,
  offers: readonly Offer[],
): Promise<EvidenceQuestion[]> {
  const questions: EvidenceQuestion[] = []
  const perPeer = new Map<string, number>()
  const seen = new Set<string>()
  for (const { cid, evidence: mark, from: peer } of offers) {
    if (mark === undefined || seen.has(`${peer.address} ${cid}`)) continue
    seen.add(`${peer.address} ${cid}`)
    const asked = perPeer.get(peer.address) ?? 0
    if (asked >= ASKED_PER_PEER || !memory.isNew(peer, cid, mark)) continue
    await node.breathe()
    const contribution = await node.contributions.get(cid)
    if (contribution === undefined) continue
    if ((await node.marks.evidence(cid)).mark === mark) continue
    perPeer.set(peer.address, asked + 1)
    questions.push({ contribution, peer, mark })
  }
  return questions
}
