import { BoundedMap } from '../../concurrency/bounded.ts'
import type { Cid } from '../../core/cid.ts'
import { isGroveError } from '../../core/errors.ts'
import { ABOUT_MAX } from '../../core/limits.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { AboutAnswer } from '../../core/wire/federation.ts'
import type { LogLine } from '../../ports/contribution-store.ts'
import type { SyncContext } from '../context.ts'
import { ask } from '../peers/contact.ts'
import { bringEvidence, type EvidenceQuestion } from './evidence.ts'
import { EvidenceMemory } from './evidence-memory.ts'
import { bringOrigins, OriginsMemory } from './late-origins.ts'
import type { RoundBudget } from './round-budget.ts'

/** Questions to one peer in one round: after the first, about what the one before has brought. */
const QUESTIONS_MAX = 8
/** Contributions whose replies one question may bring. */
const BROUGHT_MAX = 16
/** Relations that are read to compare what is held here with one answer. */
const EDGES_MAX = 5_000
/** The newest contributions, which each first question is about, beside older ones in turn. */
const NEWEST = 50
/** The newest of this grove's own, which each first question is about, too. */
const PUBLISHED_MAX = 150
/** Peers for which it is remembered what they are to be asked about next. */
const PEERS_MAX = 1_000

interface Question {
  readonly cids: readonly Cid[]
  /** The older contributions in it, which come first. */
  readonly older: readonly LogLine[]
  /** Those that were published here. */
  readonly own: ReadonlySet<Cid>
}

/** How far each peer has been asked, and what it said. */
export class AboutMemory {
  readonly evidence = new EvidenceMemory()
  readonly origins = new OriginsMemory()
  /** By address, the number in the log before which the next question begins. */
  readonly #next = new BoundedMap<string, number>(PEERS_MAX)
  readonly #own = new BoundedMap<Cid, true>(PUBLISHED_MAX)

  /** What to ask a peer about: so that the log is gone through, from the newest to the oldest. */
  async question({ contributions }: SyncContext, { address }: PeerAddress): Promise<Question> {
    const newest = await contributions.linesBefore(Number.MAX_SAFE_INTEGER, NEWEST)
    const end = this.#next.get(address) ?? newest.at(-1)?.seq ?? 0
    const older = await contributions.linesBefore(end, ABOUT_MAX - NEWEST - PUBLISHED_MAX)
    for (const { cid, origin } of [...older, ...newest.toReversed()])
      if (origin === 'local') this.#own.set(cid, true)
    const cids = new Set([...older, ...newest].map(({ cid }) => cid))
    const own = new Set(this.#own.keys())
    return { cids: [...cids, ...own.difference(cids)], older, own }
  }

  /** The peer has looked at the first so many of them. */
  asked({ address }: PeerAddress, { older }: Question, looked: number): void {
    const last = older[Math.min(looked, older.length) - 1]
    if (last !== undefined) this.#next.set(address, last.seq)
    else if (older.length === 0) this.#next.delete(address)
  }
}

/** What one round may do. */
export interface AboutRound {
  readonly budget: RoundBudget
  readonly memory: AboutMemory
  readonly signal: AbortSignal
}

/**
 * Asks a peer what others said about contributions that are held here, and admits what is missing:
 * replies, reviews, reproductions, adoptions, derived work, as manifests. What comes is asked about
 * in turn, so that a conversation arrives whole. A peer that fails brings no more. The cids of what
 * was new.
 */
export async function bringAbout(
  node: SyncContext,
  peer: PeerAddress,
  round: AboutRound,
): Promise<Cid[]> {
  const { budget, memory, signal } = round
  const first = await memory.question(node, peer)
  const brought: Cid[] = []
  let { cids } = first
  try {
    for (let asked = 0; asked < QUESTIONS_MAX && cids.length > 0 && !budget.isSpent; asked++) {
      budget.requests.made++
      const request = { cids: cids.slice(0, ABOUT_MAX) }
      // Without a key of its own a grove keeps no origins.
      const asksOrigins = node.signing === undefined ? {} : { origins: true }
      const answer = await ask(node, peer, signal, () =>
        node.transport.about(peer, { ...request, ...asksOrigins }, { signal }),
      )
      const { signed = '', looked } = answer
      const own = asked === 0 ? { own: first.own } : {}
      const told = { cids: request.cids.slice(0, looked), signed, budget, signal, ...own }
      const hasOrigins = await bringOrigins(node, peer, { ...told, memory: memory.origins })
      const { questions, isWhole } = await questionsFor(node, peer, { ...request, answer, round })
      // Where there is more than is asked for now, the next round begins with the same.
      if (asked === 0 && isWhole && hasOrigins) memory.asked(peer, first, answer.looked)
      const { evidence } = memory
      cids = await bringEvidence(node, questions, { ...round, memory: evidence }, { replies: true })
      brought.push(...cids)
    }
  } catch (error) {
    if (signal.aborted || !isGroveError(error) || error.kind.blame === 'self') throw error
    node.log.debug('peer says nothing of others', { ...peer, code: error.code })
  }
  return brought
}

interface AboutHeard {
  readonly cids: readonly Cid[]
  readonly answer: AboutAnswer
  readonly round: AboutRound
}

/** The contributions about which the peer holds something else than this grove does: the first. */
async function questionsFor(
  node: SyncContext,
  peer: PeerAddress,
  { cids, answer, round }: AboutHeard,
): Promise<{ readonly questions: EvidenceQuestion[]; readonly isWhole: boolean }> {
  const { evidence } = round.memory
  const isAsked = new Set(cids)
  const questions: EvidenceQuestion[] = []
  let edgesRead = 0
  for (const { cid, mark } of answer.about) {
    if (!isAsked.has(cid) || !evidence.isNew(peer, cid, mark)) continue
    if (questions.length === BROUGHT_MAX || edgesRead > EDGES_MAX)
      return { questions, isWhole: false }
    await node.breathe()
    const own = await node.marks.about(cid)
    edgesRead += own.edgesRead
    const contribution = await node.contributions.get(cid)
    if (own.mark !== mark && contribution !== undefined)
      questions.push({ contribution, peer, mark })
    else evidence.note(peer, cid, mark)
  }
  return { questions, isWhole: true }
}
