import { z } from 'zod'
import type { JsonObject } from '../core/canonical.ts'
import type { Cid } from '../core/cid.ts'
import { isGroveError } from '../core/errors.ts'
import { type FederationPeer, federationPeerSchema } from '../core/wire.ts'
import { type Clock, timestamp } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import type { RecordStore } from '../ports/record-store.ts'
import type { PeerAddress } from '../protocol/messages.ts'

const SPACE = 'peers'
/** Peers remembered; beyond it the one that was heard of longest ago goes. */
const PEERS_MAX = 1_000
/** Changes within this time are written together. */
const WRITE_DELAY_MS = 1_000
/** How long a failed contact puts a peer behind the others. */
const RECENT_FAILURE_MS = 60_000
/** How long a peer's `absent` is believed (PROTOCOL.md §5). */
const ABSENT_MS = 5 * 60_000
const ABSENCES_MAX = 10_000

type PeerRecord = FederationPeer['record']

const recordSchema = federationPeerSchema.shape.record
const storedSchema = z.object({ record: recordSchema })

const UNKNOWN: PeerRecord = { claimsKept: 0, claimsBroken: 0, bytesGood: 0, bytesBad: 0, failures: 0 }

interface PeerBookPorts {
  readonly records: RecordStore
  readonly clock: Clock
  readonly log: Log
}

/** What this grove has learned about peers by their deeds, kept over restarts, and what they said that they don't have. */
export class PeerBook {
  readonly #ports: PeerBookPorts
  readonly #known = new Map<string, PeerRecord>()
  readonly #failedAt = new Map<string, number>()
  readonly #absences = new Map<string, number>()
  readonly #unwritten = new Set<string>()
  #cancelWrite: (() => void) | undefined
  #writing: Promise<void> = Promise.resolve()

  constructor(ports: PeerBookPorts) {
    this.#ports = ports
  }

  /** Reads what was kept. A record that can't be read is forgotten. */
  async load(): Promise<void> {
    for (const { key, value } of await this.#ports.records.list(SPACE)) {
      const stored = storedSchema.safeParse(value)
      if (stored.success) this.#known.set(key, stored.data.record)
      else await this.#ports.records.delete(SPACE, key)
    }
  }

  record(peerId: string): PeerRecord {
    return this.#known.get(peerId) ?? UNKNOWN
  }

  /** A claim of the peer's proved true. */
  claimKept(peerId: string): void {
    const { claimsKept } = this.record(peerId)
    this.#change(peerId, { claimsKept: claimsKept + 1 })
  }

  /** A claim of the peer's contradicts the manifest that it names: `proof` says which and how. */
  claimBroken(peerId: string, proof: Error): void {
    const { claimsBroken } = this.record(peerId)
    this.#change(peerId, { claimsBroken: claimsBroken + 1, ...this.#lastError(proof) })
  }

  /** So many bytes came from the peer and were what they should be. A success: what failed before counts no longer for the order. */
  bytesGood(peerId: string, count: number): void {
    this.#failedAt.delete(peerId)
    const { bytesGood } = this.record(peerId)
    this.#change(peerId, { bytesGood: bytesGood + count })
  }

  /** The peer broke the protocol, or could not be reached; `badBytes` of what it sent were proved wrong. */
  fault(peerId: string, error: unknown, badBytes = 0): void {
    this.#failedAt.set(peerId, this.#ports.clock.now())
    const { failures, bytesBad } = this.record(peerId)
    this.#change(peerId, { failures: failures + 1, bytesBad: bytesBad + badBytes, ...this.#lastError(error) })
  }

  /** The peer said that it does not have this. */
  saidAbsent(peerId: string, cid: Cid): void {
    const key = `${peerId} ${cid}`
    this.#absences.delete(key)
    this.#absences.set(key, this.#ports.clock.now() + ABSENT_MS)
    const [oldest] = this.#absences.keys()
    if (this.#absences.size > ABSENCES_MAX && oldest !== undefined) this.#absences.delete(oldest)
  }

  /** Whether the peer said lately that it does not have this. */
  isAbsent(peerId: string, cid: Cid): boolean {
    return (this.#absences.get(`${peerId} ${cid}`) ?? 0) > this.#ports.clock.now()
  }

  /** The peer holds this after all: it advertised it. */
  notAbsent(peerId: string, cid: Cid): void {
    this.#absences.delete(`${peerId} ${cid}`)
  }

  /** Best first: those that lied last, those that failed lately behind the others; equals keep their order. */
  order(peers: readonly PeerAddress[]): PeerAddress[] {
    return peers
      .map((peer) => ({ peer, demerit: this.#demerit(peer.peerId) }))
      .toSorted((a, b) => a.demerit - b.demerit)
      .map(({ peer }) => peer)
  }

  async close(): Promise<void> {
    this.#cancelWrite?.()
    await this.#writing
    await this.#write()
  }

  #demerit(peerId: string): number {
    const { claimsKept, claimsBroken, bytesGood, bytesBad } = this.record(peerId)
    const lies =
      (claimsBroken > 0 ? claimsBroken / (claimsKept + claimsBroken) : 0) +
      (bytesBad > 0 ? bytesBad / (bytesGood + bytesBad) : 0)
    const failedAt = this.#failedAt.get(peerId)
    const failedLately = failedAt !== undefined && this.#ports.clock.now() - failedAt < RECENT_FAILURE_MS
    return Math.round(lies * 10) + (failedLately ? 5 : 0)
  }

  #lastError(error: unknown): Pick<PeerRecord, 'lastError'> {
    const code = isGroveError(error) ? error.code : 'internal-error'
    const message = error instanceof Error ? error.message.slice(0, 500) : String(error)
    return { lastError: { code, message, at: timestamp(this.#ports.clock.now()) } }
  }

  #change(peerId: string, change: Partial<PeerRecord>): void {
    const record = { ...this.record(peerId), ...change }
    this.#known.delete(peerId)
    this.#known.set(peerId, record)
    this.#unwritten.add(peerId)
    this.#evict()
    this.#cancelWrite ??= this.#ports.clock.after(WRITE_DELAY_MS, () => this.#writeSoon())
  }

  #evict(): void {
    const [oldest] = this.#known.keys()
    if (this.#known.size <= PEERS_MAX || oldest === undefined) return
    this.#known.delete(oldest)
    this.#failedAt.delete(oldest)
    this.#unwritten.add(oldest)
  }

  #writeSoon(): void {
    this.#cancelWrite = undefined
    this.#writing = this.#writing
      .then(() => this.#write())
      .catch((error: unknown) => this.#ports.log.warn('peer records not written', { error: String(error) }))
  }

  async #write(): Promise<void> {
    const peerIds = [...this.#unwritten]
    this.#unwritten.clear()
    for (const peerId of peerIds) {
      const record = this.#known.get(peerId)
      if (record === undefined) await this.#ports.records.delete(SPACE, peerId)
      else await this.#ports.records.set(SPACE, peerId, { record } as unknown as JsonObject)
    }
  }
}
