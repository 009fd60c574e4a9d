import { Semaphore } from '../../concurrency/semaphore.ts'
import { isGroveError } from '../../core/errors.ts'
import { isAccepted, type StandingsView } from '../../core/peers/counting.ts'
import { isLeafAddress, leafAddress } from '../../core/peers/leaf.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { Random } from '../../core/random.ts'
import type { LeafCall } from '../../core/wire/leaf.ts'
import type { Clock } from '../../ports/clock.ts'
import type { LeafAnswer } from '../../ports/transport.ts'
import type { NodeConfig } from '../config.ts'
import type { AdmitContext, PeersContext } from '../context.ts'

/** Hubs that a leaf holds a line to. */
const LINES_MAX = 2
/** Calls of one hub that are answered at once. */
const ANSWERS_AT_ONCE = 16
/** How long the start waits for what seeds say, and for the lines to them. */
const SETTLE_MS = 3_000
/** How often it is asked again whether others can dial this grove. */
const CHECK_MS = 60 * 60_000
/** How soon, where the answer was another than before: one answer changes nothing. */
const DOUBT_MS = 60_000
/** How long a lost line rests; the time doubles up to the most, and then varies by chance. */
const RETRY_MS = 1_000
const RETRY_MAX_MS = 30_000

/** Answers a call that came on a line to this hub. */
export type AnswerCall = (call: LeafCall, hub: PeerAddress) => Promise<LeafAnswer>

type LeafContext = PeersContext &
  Pick<AdmitContext, 'closing'> & {
    readonly random: Random
    readonly config: Pick<NodeConfig, 'self' | 'leaf' | 'syncIntervalMs'>
    spawn(name: string, task: () => Promise<unknown>): void
    later(name: string, delayMs: number, task: () => Promise<unknown>): void
  }

/** Something that gives the address of its sender. */
interface Addressed {
  readonly address: string
}

/**
 * Whether others can dial this grove, and what it does where they can't: it holds lines to hubs, on
 * which they call it. They pull what it has as from any grove, and others get it from them.
 */
export class LeafMode {
  readonly #node: LeafContext
  /** The lines that are held, or tried for, by the hub's address. */
  readonly #lines = new Map<string, HubLine>()
  #answer: AnswerCall | undefined
  #verdict: 'reachable' | 'leaf' | undefined
  #doubts = 0

  constructor(node: LeafContext) {
    this.#node = node
  }

  /** Whether nobody can dial this grove. */
  get isLeaf(): boolean {
    return this.#verdict === 'leaf'
  }

  /** The hubs to which a line stands. */
  hubs(): PeerAddress[] {
    return [...this.#lines.values()].filter(({ isOpen }) => isOpen).map(({ hub }) => hub)
  }

  /** What is told to others, with an address at which hubs call this grove, if it is a leaf. */
  told<T extends Addressed>(sender: T): T {
    return this.isLeaf ? { ...sender, address: leafAddress(this.#node.config.self.peerId) } : sender
  }

  /** Begins, and goes on once it is known who can dial this grove; without answers, at once. */
  begin(answer: AnswerCall | undefined, goOn: () => void): void {
    if (answer === undefined) goOn()
    else this.#node.spawn('begin of gossip', () => this.#start(answer).then(goOn))
  }

  /** Resolves once it is known whether others can dial this grove, or after a while. */
  async #start(answer: AnswerCall): Promise<void> {
    this.#answer = answer
    if (this.#node.config.leaf === true) this.#verdict = 'leaf'
    const { clock, closing } = this.#node
    const settled = new AbortController()
    const wait = rest(clock, SETTLE_MS, AbortSignal.any([closing, settled.signal]))
    this.#node.spawn('question who can dial this grove', async () => {
      try {
        await this.#check()
      } finally {
        settled.abort()
      }
    })
    await wait
  }

  /** Asks again: there are other seeds now. */
  check(): void {
    if (this.#answer !== undefined)
      this.#node.spawn('question who can dial this grove', () => this.#check())
  }

  async #check(): Promise<void> {
    const { config, log } = this.#node
    const before = this.#verdict
    const said = config.leaf === true ? 'leaf' : await this.#ask()
    this.#doubts = said === undefined || said === before ? 0 : this.#doubts + 1
    if (said !== undefined && (before === undefined || this.#doubts > 1)) this.#verdict = said
    if (this.#verdict !== before && this.isLeaf)
      log.info('nobody can dial this grove: hubs call it on lines that it holds to them')
    const delayMs =
      said === undefined ? config.syncIntervalMs : this.#doubts > 0 ? DOUBT_MS : CHECK_MS
    this.#node.later('question who can dial this grove', delayMs, () => this.#check())
    await this.#hold()
  }

  /** What two seeds say. One that reaches this grove is enough. */
  async #ask(): Promise<'reachable' | 'leaf' | undefined> {
    const seeds = this.#node.seeds().slice(0, LINES_MAX)
    const answers = await Promise.all(seeds.map((seed) => this.#askOne(seed)))
    if (answers.includes(true)) return 'reachable'
    return answers.includes(false) ? 'leaf' : undefined
  }

  async #askOne(seed: PeerAddress): Promise<boolean | undefined> {
    const { transport, config, closing } = this.#node
    try {
      return await transport.dialBack(seed, config.self.address, { signal: closing })
    } catch (error) {
      if (!isGroveError(error)) throw error
      return undefined
    }
  }

  /** Holds the lines that are to be held, and no other. Resolves once each was tried for. */
  async #hold(): Promise<void> {
    const wanted = this.isLeaf ? this.#node.seeds().slice(0, LINES_MAX) : []
    const addresses = new Set(wanted.map(({ address }) => address))
    for (const [address, line] of this.#lines) if (!addresses.has(address)) line.end.abort()
    const news = wanted.filter(({ address }) => !this.#lines.has(address))
    await Promise.all(news.map((hub) => this.#begin(hub)))
  }

  #begin(hub: PeerAddress): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const line: HubLine = {
      ...{ hub, end: new AbortController(), isOpen: false, tried: resolve },
      answering: new Semaphore(ANSWERS_AT_ONCE),
    }
    this.#lines.set(hub.address, line)
    this.#node.spawn('line to a hub', () => this.#keep(line))
    return promise
  }

  /** Holds a line, and takes it up again when it is lost. */
  async #keep(line: HubLine): Promise<void> {
    const { clock, closing, random } = this.#node
    const signal = AbortSignal.any([closing, line.end.signal])
    let restMs = RETRY_MS
    while (!signal.aborted) {
      const hasStood = await this.#standOnce(line, signal)
      line.isOpen = false
      line.tried()
      restMs = hasStood ? RETRY_MS : Math.min(2 * restMs, RETRY_MAX_MS)
      await rest(clock, restMs * (0.5 + random.next()), signal)
    }
    this.#lines.delete(line.hub.address)
  }

  /** Answers the calls of one line until it ends. Whether it has stood. */
  async #standOnce(line: HubLine, signal: AbortSignal): Promise<boolean> {
    const { transport, log } = this.#node
    const { hub } = line
    try {
      const calls = await transport.line(hub, { signal })
      line.isOpen = true
      line.tried()
      for await (const call of calls) {
        // No call is read before there is room to answer it, so that a hub's calls don't gather.
        const leave = await line.answering.enter(signal)
        this.#node.spawn('answer to a hub', () => this.#answerOne(hub, call, signal).finally(leave))
      }
    } catch (error) {
      if (signal.aborted) return line.isOpen
      if (!isGroveError(error)) throw error
      const { code, message: reason } = error
      log.debug('no line to a hub', { address: hub.address, code, reason })
    }
    return line.isOpen
  }

  async #answerOne(hub: PeerAddress, call: LeafCall, signal: AbortSignal): Promise<void> {
    const { transport, log } = this.#node
    try {
      const answer = await this.#answer?.(call, hub)
      if (answer !== undefined) await transport.answerCall(hub, call.id, answer, { signal })
    } catch (error) {
      if (!isGroveError(error) && !signal.aborted) throw error
      log.debug('an answer did not reach its hub', { address: hub.address, path: call.path })
    }
  }
}

/** Waits so long, or until the signal aborts. */
async function rest(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  try {
    await clock.sleep(ms, signal)
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

interface HubLine {
  readonly hub: PeerAddress
  readonly end: AbortController
  /** Room for calls that are being answered. */
  readonly answering: Semaphore
  /** Told once it was tried for. */
  readonly tried: () => void
  isOpen: boolean
}

/** Peers that anybody can dial: of others, nobody else is told. */
export const dialable = <T extends Addressed>(peers: readonly T[]): T[] =>
  peers.filter(({ address }) => !isLeafAddress(address))

/** Ends the lines of leaves that this grove does not admit any more. */
export function endLines(
  node: Pick<PeersContext, 'transport'> & {
    readonly config: Pick<NodeConfig, 'admission'>
    readonly access: { readonly keys: StandingsView & { isRetired(peerId: string): boolean } }
  },
): void {
  const { admission = 'open' } = node.config
  const { keys } = node.access
  node.transport.leaves?.endOf(
    (peerId) => keys.isRetired(peerId) || !isAccepted(admission, keys.of(peerId)),
  )
}
