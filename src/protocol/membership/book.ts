import { hashBytes } from '../../core/cid.ts'
import { mustHold } from '../../core/invariant.ts'
import { type Hosts, shareKey } from '../../core/peers/hosts.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import { below, type Random } from '../../core/random.ts'
import type { NamedPeer } from '../../core/wire/gossip.ts'

/** Proven peers that are remembered: those with the least secret hash. */
const BOOK_MAX = 2_048
/** Calls in vain since a peer answered, after which it has no place in the view. */
const MISSED_MAX = 2

/** 64 bits. */
export type Words = readonly [number, number]

/** A peer that has answered at its address under its key. Rounds are those of this grove. */
export interface ProvenPeer extends PeerAddress {
  /** The number of its record; 0 where none is held. */
  seq: number
  /** The share that its address has: one peer each. */
  readonly host: string
  /** Keyed hashes of its network and of its id: nobody else can foresee them. */
  readonly network: Words
  readonly id: Words
  /** When it answered last, and was called last. */
  answeredIn: number
  calledIn: number
  /** Calls in vain since it answered last, and when the first of them was. */
  missed: number
  missedSince: number
}

/** Whether a peer may be in the view. */
export const isFit = ({ missed }: ProvenPeer): boolean => missed < MISSED_MAX

/**
 * All peers that have answered at their address under their key. Only they are chosen from: a name
 * costs nobody anything. What others say of a peer changes nothing here. A host has one peer.
 */
export class Book {
  readonly #hosts: Hosts
  readonly #secret: string
  /** By id. */
  readonly #peers = new Map<string, ProvenPeer>()
  /** The same, to draw from. */
  readonly #list: ProvenPeer[] = []
  /** Ids by host. */
  readonly #atHost = new Map<string, string>()

  /** `secret` is a text that nobody else knows. */
  constructor(hosts: Hosts, secret: string) {
    this.#hosts = hosts
    this.#secret = secret
  }

  get size(): number {
    return this.#peers.size
  }

  values(): readonly ProvenPeer[] {
    return this.#list
  }

  get(peerId: string): ProvenPeer | undefined {
    return this.#peers.get(peerId)
  }

  /** Any peer; undefined where there is none. */
  any(random: Random): ProvenPeer | undefined {
    return this.#list[below(random, this.#list.length)]
  }

  /** The peer that has the host of this address. */
  at(address: string): ProvenPeer | undefined {
    return this.#peers.get(this.#atHost.get(shareKey(this.#hosts, address)) ?? '')
  }

  /** Whether a peer of that id would be kept, if it answered. O(1) unless the book is full. */
  wants(peerId: string): boolean {
    if (this.size < BOOK_MAX || this.#peers.has(peerId)) return true
    return compareWords(this.#hash(peerId), this.#last().id) < 0
  }

  /**
   * A peer answered at its address under its key. Another one of its host gives way if it is that
   * of this very address, or doesn't answer any more. Undefined where the peer isn't kept.
   */
  prove({ peerId, address, seq }: NamedPeer, round: number): ProvenPeer | undefined {
    const known = this.#peers.get(peerId)
    if (known?.address === address) {
      const kept = { seq: Math.max(seq, known.seq), answeredIn: round, missed: 0 }
      return Object.assign(known, kept)
    }
    const there = this.at(address)
    if (there !== undefined && there !== known) {
      if (isFit(there) && there.address !== address) return undefined
      this.remove(there.peerId)
    }
    this.remove(peerId)
    if (!this.wants(peerId)) return undefined
    if (this.size >= BOOK_MAX) this.remove(this.#last().peerId)
    return this.#add({
      ...{ peerId, address, seq, host: shareKey(this.#hosts, address) },
      ...{ id: this.#hash(peerId), network: this.#networkOf(address) },
      ...{ answeredIn: round, calledIn: round, missed: 0, missedSince: 0 },
    })
  }

  remove(peerId: string): void {
    const peer = this.#peers.get(peerId)
    if (peer === undefined) return
    this.#peers.delete(peerId)
    this.#atHost.delete(peer.host)
    const last = this.#list.pop()
    if (last !== undefined && last !== peer) this.#list[this.#list.indexOf(peer)] = last
  }

  checkInvariants(): void {
    mustHold(this.size <= BOOK_MAX, 'the book is within bounds')
    mustHold(this.#list.length === this.size, 'each peer of the book can be drawn')
    mustHold(this.#atHost.size === this.size, 'a host has one peer of the book')
  }

  #add(peer: ProvenPeer): ProvenPeer {
    this.#peers.set(peer.peerId, peer)
    this.#list.push(peer)
    this.#atHost.set(peer.host, peer.peerId)
    return peer
  }

  #networkOf(address: string): Words {
    return this.#hash(this.#hosts.prefixOf(address) ?? shareKey(this.#hosts, address))
  }

  #hash(text: string): Words {
    const digits = hashBytes(Buffer.from(`${this.#secret} ${text}`)).slice(-16)
    return [Number.parseInt(digits.slice(0, 8), 16), Number.parseInt(digits.slice(8), 16)]
  }

  #last(): ProvenPeer {
    return this.#list.reduce((last, peer) => (compareWords(last.id, peer.id) < 0 ? peer : last))
  }
}

const compareWords = (a: Words, b: Words): number => a[0] - b[0] || a[1] - b[1]
