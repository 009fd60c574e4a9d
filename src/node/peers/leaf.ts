import { Semaphore } from '../../concurrency/semaphore.ts'
import { isGroveError } from '../../core/errors.ts'
import { isAccepted, type KeysView } from '../../core/peers/counting.ts'
import { tidyAddress } from '../../core/peers/endpoint.ts'
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
/** Seeds that are asked whether they can dial this grove, two at a time. */
const ASKED_MAX = 16
/** Calls of one hub that are answered at once. */
const ANSWERS_AT_ONCE = 16
/** How long the start waits for what seeds say, and for the lines to them. */
const SETTLE_MS = 3_000
/** How often it is asked again whether others can dial this grove. */
const CHECK_MS = 60 * 60_000
/** How soon, where the answer was another than before: one answer changes nothing. */
const DOUBT_MS = 60_000
/** A line has stood after so long. Two to one hub, by two of its names, end each other at once. */
const STOOD_MS = 10_000
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
  readonly #onKnown: () => Promise<void>
  #answer: AnswerCall | undefined
  #verdict: 'reachable' | 'leaf' | undefined
  #doubts = 0
  /** The seed to which a line could not be held. */
  #givenUp: string | undefined

  /** `onKnown` is called whenever it is found out whether others can dial this grove. */
  constructor(node: LeafContext, onKnown: () => Promise<void> = async () => {}) {
    this.#node = node
    this.#onKnown = onKnown
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
    this.#node.spawn('begin of gossip', async () => {
      if (answer !== undefined) await this.#start(answer).then(goOn)
      await this.#onKnown()
    })
    if (answer === undefined) goOn()
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
    if (this.#verdict !== before) await this.#onKnown()
    if (this.#verdict !== before && this.isLeaf)
      log.info('nobody can dial this grove: hubs call it on lines that it holds to them')
    const delayMs =
      said === undefined ? config.syncIntervalMs : this.#doubts > 0 ? DOUBT_MS : CHECK_MS
    this.#node.later('question who can dial this grove', delayMs, () => this.#check())
    await this.#hold()
  }

  /** What two seeds say that can be asked. One that reaches this grove is enough. */
  async #ask(): Promise<'reachable' | 'leaf' | undefined> {
    const seeds = this.#seeds().slice(0, ASKED_MAX)
    while (seeds.length > 0) {
      const answers = await Promise.all(seeds.splice(0, LINES_MAX).map((one) => this.#askOne(one)))
      if (answers.includes(true)) return 'reachable'
      if (answers.includes(false)) return 'leaf'
    }
    return undefined
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

  /** Holds lines to so many seeds, and to nobody else. Resolves once each was tried for. */
  async #hold(): Promise<void> {
    const seeds = this.isLeaf ? this.#seeds() : []
    const addresses = new Set(seeds.map(({ address }) => address))
    for (const [address, line] of this.#lines)
      if (!addresses.has(address)) this.#endLine(address, line)
    const news = this.#spareSeeds().slice(0, Math.max(0, LINES_MAX - this.#lines.size))
    await Promise.all(this.isLeaf ? news.map((hub) => this.#begin(hub)) : [])
  }

  /** The seeds to which there is no line, those after the latest one that was given up first. */
  #spareSeeds(): PeerAddress[] {
    const seeds = this.#seeds()
    const from = seeds.findIndex(({ address }) => address === this.#givenUp) + 1
    return [...seeds.slice(from), ...seeds.slice(0, from)].filter(
      ({ address }) => !this.#lines.has(address),
    )
  }

  /** The seeds, each once: one may be named by the operator and joined, too. */
  #seeds(): PeerAddress[] {
    const byAddress = new Map(this.#node.seeds().map((seed) => [tidyAddress(seed.address), seed]))
    const byId = Map.groupBy(byAddress.values(), ({ peerId }) => peerId)
    return [...byId.values()].flatMap((same) => same.slice(0, 1))
  }

  #endLine(address: string, line: HubLine): void {
    line.end.abort()
    this.#lines.delete(address)
  }

  async #begin(hub: PeerAddress, restMs = RETRY_MS): Promise<void> {
    // Nothing is spawned any more then, and closing would wait for a line that nobody tries for.
    if (this.#node.closing.aborted) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const line: HubLine = {
      ...{ hub, end: new AbortController(), isOpen: false, tried: resolve, restMs },
      answering: new Semaphore(ANSWERS_AT_ONCE),
    }
    this.#lines.set(hub.address, line)
    this.#node.spawn('line to a hub', () => this.#keep(line).finally(line.tried))
    await promise
  }

  /** Holds a line, and takes it up again when it is lost. */
  async #keep(line: HubLine): Promise<void> {
    const { clock, closing, random } = this.#node
    const signal = AbortSignal.any([closing, line.end.signal])
    while (!signal.aborted) {
      const hasStood = await this.#standOnce(line, signal)
      line.isOpen = false
      line.tried()
      line.restMs = hasStood ? RETRY_MS : Math.min(2 * line.restMs, RETRY_MAX_MS)
      await rest(clock, line.restMs * (0.5 + random.next()), signal)
      if (!hasStood && !signal.aborted) this.#giveWay(line)
    }
  }

  /** A line that can't be held gives its place to one to another seed, if there is one. */
  #giveWay(line: HubLine): void {
    const { address } = line.hub
    const [other] = this.#spareSeeds()
    if (other === undefined) return
    this.#givenUp = address
    this.#endLine(address, line)
    this.#node.spawn('line to a hub', () => this.#begin(other, line.restMs))
  }

  /** Answers the calls of one line until it ends. Whether it has stood for a while. */
  async #standOnce(line: HubLine, signal: AbortSignal): Promise<boolean> {
    const { transport, clock, log } = this.#node
    const { hub } = line
    const since = clock.now()
    const hasStood = () => line.isOpen && clock.now() - since >= STOOD_MS
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
      if (signal.aborted) return hasStood()
      if (!isGroveError(error)) throw error
      const { code, message: reason } = error
      log.debug('no line to a hub', { address: hub.address, code, reason })
    }
    return hasStood()
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
  /** How long it rests before it is tried again, or gives way to another. */
  restMs: number
}

/** Peers that anybody can dial: of others, nobody else is told. */
export const dialable = <T extends Addressed>(peers: readonly T[]): T[] =>
  peers.filter(({ address }) => !isLeafAddress(address))

/** Ends the lines of leaves that this grove does not admit any more. */
export function endLines(
  node: Pick<PeersContext, 'transport'> & {
    readonly config: Pick<NodeConfig, 'admission'>
    readonly access: { readonly keys: KeysView }
  },
): void {
  const { admission = 'open' } = node.config
  const { keys } = node.access
  node.transport.leaves?.endOf(
    (peerId) => keys.isRetired(peerId) || !isAccepted(admission, keys.of(peerId)),
  )
}
