import { mustHold } from '../../core/invariant.ts'
import type { Random } from '../../core/random.ts'
import { type Book, isFit, type ProvenPeer, type Words } from './book.ts'

/**
 * Places of the view. Two more than by shuffles: where a fifth of all groves attack, a grove that
 * everybody knows is then in more than eight honest views.
 */
export const SLOTS = 12

interface ViewSlot {
  seed: Words
  peer: ProvenPeer | undefined
}

/**
 * The view as ranked slots (Auvolat et al., "BASALT: A Rock-Solid Byzantine-Tolerant Peer
 * Sampling", arXiv 2102.04063): each holds the peer of the book that ranks first by a seed of its
 * own, and no peer is in two. How often a peer is named, or calls, changes nothing. Networks are
 * ranked before the peers in them, so that many addresses of one network take its share only.
 */
export class RankedView {
  readonly #random: Random
  readonly #slots: ViewSlot[]
  /** The peers in them; undefined where that has changed. */
  #peers: readonly ProvenPeer[] | undefined
  #turn = 0

  /** `random` gives numbers that nobody else knows. */
  constructor(random: Random) {
    this.#random = random
    this.#slots = Array.from({ length: SLOTS }, () => ({ seed: this.#seed(), peer: undefined }))
  }

  /** The peers of the view. */
  peers(): readonly ProvenPeer[] {
    this.#peers ??= this.#slots.flatMap(({ peer }) => peer ?? [])
    return this.#peers
  }

  /** Puts a peer where it ranks before another, and that one where it does. */
  place(peer: ProvenPeer): void {
    let moving: ProvenPeer | undefined = this.peers().includes(peer) ? undefined : peer
    while (moving !== undefined) {
      const entering: ProvenPeer = moving
      const slot = this.#slots.find((one) => ranksBefore(one.seed, entering, one.peer))
      moving = slot?.peer
      if (slot === undefined) return
      slot.peer = entering
      this.#peers = undefined
    }
  }

  /** Takes a peer out; its place goes to the first of the book. */
  remove(peer: ProvenPeer, book: readonly ProvenPeer[]): void {
    const slot = this.#slots.find((one) => one.peer === peer)
    if (slot !== undefined) this.#fill(slot, book)
  }

  /** Gives the next slot a new seed, and to the first of the book by it. */
  renew(book: readonly ProvenPeer[]): void {
    const slot = this.#slots[this.#turn++ % SLOTS]
    if (slot === undefined) return
    slot.seed = this.#seed()
    this.#fill(slot, book)
  }

  checkInvariants(book: Book): void {
    const peers = this.peers()
    mustHold(new Set(peers).size === peers.length, 'no peer is in the view twice')
    for (const peer of peers) mustHold(book.get(peer.peerId) === peer, 'the view is of the book')
  }

  #fill(slot: ViewSlot, book: readonly ProvenPeer[]): void {
    slot.peer = undefined
    this.#peers = undefined
    const taken = new Set(this.peers())
    for (const peer of book)
      if (isFit(peer) && ranksBefore(slot.seed, peer, slot.peer) && !taken.has(peer))
        slot.peer = peer
    this.#peers = undefined
  }

  #seed(): Words {
    return [this.#word(), this.#word()]
  }

  #word(): number {
    return Math.floor(this.#random.next() * 2 ** 32)
  }
}

function ranksBefore(seed: Words, peer: ProvenPeer, other: ProvenPeer | undefined): boolean {
  if (other === undefined) return true
  const network = rank(seed, peer.network) - rank(seed, other.network)
  return network < 0 || (network === 0 && rank(seed, peer.id) < rank(seed, other.id))
}

/**
 * Ranks a keyed hash by a seed, in 32 bits. Neither is known to anybody else, so that mixing them
 * is enough (MurmurHash3's finaliser): a hash for each slot and peer would take milliseconds.
 */
function rank([low, high]: Words, [a, b]: Words): number {
  return mix(mix(a ^ low) ^ b ^ high) >>> 0
}

function mix(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}
