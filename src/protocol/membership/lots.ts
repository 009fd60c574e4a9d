import { BoundedMap, BoundedSet } from '../../concurrency/bounded.ts'
import { below, type Random, sample } from '../../core/random.ts'
import type { NamedPeer } from '../../core/wire/gossip.ts'

/** Peers that are only known by name: in all, and of one that named them. */
const NAMED_MAX = 2_048
const NAMED_MAX_EACH = 10
/** Callers among whom the lot decides. */
const CALLERS_MAX = 64
/** Who named so many more that don't answer than such that do is listened to no more. */
const BAD_NAMES_MAX = 4
/** Those of whom it is known how good their names are. */
const NAMERS_MAX = 2_048
/** Candidates of whom it is remembered who named them, while they are called. */
const CALLED_MAX = 256

interface Named extends NamedPeer {
  readonly by: string
}

/**
 * Peers that others name, or that call, and have yet to answer themselves. The lot decides who is
 * called, so that to be named often, or to call often, is of no use.
 */
export class Lots {
  readonly #random: Random
  /** By id. */
  readonly #named = new Map<string, Named>()
  /** How many of them somebody has named. */
  readonly #waiting = new Map<string, number>()
  /** Bad names less good ones, by who gave them. */
  readonly #bad = new BoundedMap<string, number>(NAMERS_MAX)
  /** Who named those that are being called. */
  readonly #calledFor = new BoundedMap<string, string>(CALLED_MAX)
  readonly #calledBack = new BoundedSet<string>(CALLED_MAX)
  #callers = new Map<string, NamedPeer>()
  #heard = 0

  constructor(random: Random) {
    this.#random = random
  }

  /** How many are known by name. */
  get size(): number {
    return this.#named.size
  }

  /** A proven peer names others that are unknown here. */
  name(by: string, peers: readonly NamedPeer[]): void {
    if ((this.#bad.get(by) ?? 0) >= BAD_NAMES_MAX) return
    const fresh = peers.filter(({ peerId }) => !this.#named.has(peerId))
    for (const one of sample(this.#random, fresh, NAMED_MAX_EACH - this.#waitingOf(by)))
      this.#add({ ...one, by })
  }

  /** A grove knew these when it ran last. */
  remember(peers: readonly NamedPeer[]): void {
    for (const one of peers) if (!this.#named.has(one.peerId)) this.#add({ ...one, by: '' })
  }

  /** An unknown peer called. Each of a round's callers has the same chance. */
  call(caller: NamedPeer): void {
    this.#heard += 1
    if (this.#calledBack.has(caller.peerId) || this.#callers.has(caller.peerId)) return
    if (this.#callers.size >= CALLERS_MAX) {
      if (below(this.#random, this.#heard) >= CALLERS_MAX) return
      const [leaving = ''] = sample(this.#random, [...this.#callers.keys()], 1)
      this.#callers.delete(leaving)
    }
    this.#callers.set(caller.peerId, caller)
  }

  /** Up to so many of those that are named, by lot, to be called. */
  drawNamed(count: number, isUnknown: (one: NamedPeer) => boolean): NamedPeer[] {
    const drawn: Named[] = []
    const left = count > 0 ? [...this.#named.values()] : []
    while (drawn.length < count) {
      const one = takeAny(left, this.#random)
      if (one === undefined) break
      this.#drop(one)
      if (isUnknown(one)) drawn.push(one)
    }
    for (const { peerId, by } of drawn) this.#calledFor.set(peerId, by)
    return drawn
  }

  /** Up to so many of those that called since this was asked last, by lot, to be called back. */
  drawCallers(count: number, isUnknown: (one: NamedPeer) => boolean): NamedPeer[] {
    if (count <= 0) return []
    const drawn = sample(this.#random, [...this.#callers.values()].filter(isUnknown), count)
    for (const { peerId } of drawn) this.#calledBack.add(peerId)
    this.#callers = new Map()
    this.#heard = 0
    return drawn
  }

  /** A peer answered or didn't: that tells of who named it. */
  noteAnswer(peerId: string, isGood: boolean): void {
    const by = this.#calledFor.get(peerId)
    if (by === undefined || by === '') return
    this.#calledFor.delete(peerId)
    const bad = Math.max(0, (this.#bad.get(by) ?? 0) + (isGood ? -1 : 1))
    this.#bad.set(by, bad)
    if (bad < BAD_NAMES_MAX) return
    for (const named of this.#named.values()) if (named.by === by) this.#drop(named)
  }

  /** From now on callers may be called back once more: the last call may have been lost. */
  callBackAgain(): void {
    this.#calledBack.clear()
  }

  /** A proven peer answers no more: when it calls, as from another address, it is called back. */
  missed(peerId: string): void {
    this.#calledBack.delete(peerId)
  }

  /** Forgives: everybody is listened to again. */
  forgive(): void {
    this.#bad.clear()
  }

  #add(one: Named): void {
    if (this.#named.size >= NAMED_MAX) return
    this.#named.set(one.peerId, one)
    this.#waiting.set(one.by, this.#waitingOf(one.by) + 1)
  }

  #drop({ peerId, by }: Named): void {
    this.#named.delete(peerId)
    const left = this.#waitingOf(by) - 1
    if (left > 0) this.#waiting.set(by, left)
    else this.#waiting.delete(by)
  }

  #waitingOf(by: string): number {
    return this.#waiting.get(by) ?? 0
  }
}

/** Takes any item out of a list, whose order changes; undefined if it is empty. */
function takeAny<T>(items: T[], random: Random): T | undefined {
  const index = below(random, items.length)
  const taken = items[index]
  const last = items.pop()
  if (last !== undefined && index < items.length) items[index] = last
  return taken
}
