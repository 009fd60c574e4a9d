import { evictOldest } from '../../concurrency/bounded.ts'
import { mapBounded } from '../../concurrency/semaphore.ts'
import { type Cid, hashBytes } from '../../core/cid.ts'
import { isGroveError } from '../../core/errors.ts'
import { CLOSURE_MAX_CONTRIBUTIONS } from '../../core/limits.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { Stored } from '../../ports/contribution-store.ts'
import type { GraphIndex } from '../../ports/graph-index.ts'
import type { Offer } from '../../protocol/sync/plan.ts'
import type { NodeContext } from '../context.ts'
import { fetchClosure } from '../fetch/closure.ts'
import { EVIDENCE } from '../lineage.ts'
import type { RoundBudget } from './round-budget.ts'

/** Peers asked about one contribution in one round, and contributions that one peer is asked about. */
const ASKED_PER_PEER = 16
const ASKED_AT_ONCE = 4
/** Answers remembered, so that nobody is asked twice for the same. */
const MARKS_MAX = 4_096

/**
 * A fingerprint of what is said about a contribution here: equal where the same contributions say it. (Counts alone don't tell:
 * two groves may each know another review.) Of more than a closure can bring, the first that it would.
 */
export async function evidenceMark(index: GraphIndex, cid: Cid): Promise<string> {
  const edges = await index.edges(cid, 'in', { types: EVIDENCE, limit: CLOSURE_MAX_CONTRIBUTIONS })
  const sources = [...new Set(edges.map(({ source }) => source))].sort()
  return hashBytes(Buffer.from(sources.join(' '))).slice(7, 39)
}

/** Which fingerprints of which peers have been looked behind. */
export class EvidenceMemory {
  readonly #asked = new Map<string, string>()

  isNew({ address }: PeerAddress, cid: Cid, mark: string): boolean {
    return this.#asked.get(`${address} ${cid}`) !== mark
  }

  note({ address }: PeerAddress, cid: Cid, mark: string): void {
    this.#asked.delete(`${address} ${cid}`)
    this.#asked.set(`${address} ${cid}`, mark)
    evictOldest(this.#asked, MARKS_MAX)
  }
}

interface EvidenceQuestion {
  readonly contribution: Stored
  readonly peer: PeerAddress
  readonly mark: string
}

/** Asks the peers that know something else about what is held here, and takes in what they know: signals then count the same everywhere. */
export async function refreshEvidence(
  node: NodeContext,
  offers: readonly Offer[],
  { budget, signal }: { budget: RoundBudget; signal: AbortSignal },
): Promise<void> {
  const questions = await questionsFor(node, offers)
  await mapBounded(questions, ASKED_AT_ONCE, async ({ contribution, peer, mark }) => {
    if (budget.isSpent) return
    budget.requests.made++
    signal.throwIfAborted()
    const { evidence, answered, bytesMoved } = await fetchClosure(node, {
      contribution,
      depth: 0,
      evidence: true,
      providers: [peer],
      signal,
      takeEvidence: (address) => budget.tryTakeEvidence(address),
    })
    budget.moved(bytesMoved)
    const added: Cid[] = []
    for (const item of evidence) {
      const outcome = await node.contributions.put(item, {
        origin: 'peer',
        ...peer,
        receivedAt: node.clock.now(),
      })
      if (outcome === 'added') added.push(item.cid)
    }
    if (added.length > 0) node.stored(added)
    if (answered) node.sync.evidence.note(peer, contribution.cid, mark)
  }).catch((error: unknown) => {
    if (signal.aborted || !isGroveError(error)) throw error
    node.log.warn('evidence not stored', { error: String(error) })
  })
}

async function questionsFor(
  node: NodeContext,
  offers: readonly Offer[],
): Promise<EvidenceQuestion[]> {
  const questions: EvidenceQuestion[] = []
  const perPeer = new Map<string, number>()
  const seen = new Set<string>()
  const held = new Map(
    (await node.contributions.getMany([...new Set(offers.map(({ cid }) => cid))])).map((stored) => [
      stored.cid,
      stored,
    ]),
  )
  for (const { cid, evidence: mark, from: peer } of offers) {
    const contribution = held.get(cid)
    if (mark === undefined || contribution === undefined || seen.has(`${peer.address} ${cid}`))
      continue
    seen.add(`${peer.address} ${cid}`)
    const asked = perPeer.get(peer.address) ?? 0
    if (asked >= ASKED_PER_PEER || !node.sync.evidence.isNew(peer, cid, mark)) continue
    if ((await evidenceMark(node.index, cid)) === mark) continue
    perPeer.set(peer.address, asked + 1)
    questions.push({ contribution, peer, mark })
  }
  return questions
}
