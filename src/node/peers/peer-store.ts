import { z } from 'zod'
import { BoundedMap } from '../../concurrency/bounded.ts'
import type { JsonObject } from '../../core/canonical.ts'
import { isGroveError } from '../../core/errors.ts'
import { PROOFS_MAX } from '../../core/limits.ts'
import type { Hosts } from '../../core/peers/hosts.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import { type PeerRecord, type Proof, peerRecordSchema } from '../../core/peers/peer-record.ts'
import {
  type DecayingCounter,
  NO_STATS,
  type PeerStats,
  RIGHT_FOR_WRONG,
  trustOf,
  trustStep,
  withFailure,
  withLie,
  withSilence,
  withWrongBytes,
} from '../../core/peers/trust.ts'
import { timestamp } from '../../core/time.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import type { RecordStore } from '../../ports/record-store.ts'
import type { Absences, PeerRecords } from '../context.ts'
import { AbsenceMemory } from './absences.ts'

const SPACE = 'peers'
/** Peers remembered. Beyond it the one whose record changed longest ago is forgotten. */
const PEERS_MAX = 1_000
/** Changes within this time are written together. */
const WRITE_DELAY_MS = 1_000

const fadingSchema = z.object({ weight: z.number().nonnegative(), at: z.number() })
const storedSchema = z.preprocess(
  renamed,
  z.object({
    record: peerRecordSchema.omit({ trust: true }),
    lies: fadingSchema,
    /** Wrong bytes, and how many right ones make up for them. They used to count as lies. */
    wrong: fadingSchema.extend({ owed: z.number() }).optional(),
    failures: fadingSchema,
  }),
)

/** A record as it is written today. Schema 1 of the directory had other names for three fields. */
function renamed(value: unknown): unknown {
  const { record, ...rest } = value as { record?: Readonly<Record<string, unknown>> }
  if (record === undefined || !('claimsKept' in record)) return value
  const { claimsKept: confirmed, claimsBroken: contradicted, proofs, ...others } = record
  const renamedProofs = Array.isArray(proofs)
    ? proofs.map(({ claimed: advertised, ...proof }) => ({ ...proof, advertised }))
    : proofs
  return { ...rest, record: { ...others, confirmed, contradicted, proofs: renamedProofs } }
}

/** What is kept of a peer: all that it did, and how much of that still counts against it. */
type Kept = z.infer<typeof storedSchema>

const UNKNOWN: Kept = {
  record: { confirmed: 0, contradicted: 0, bytesGood: 0, bytesBad: 0, failures: 0, proofs: [] },
  lies: NO_STATS.lies,
  failures: NO_STATS.failures,
}

interface PeerStorePorts {
  /** Default: no host has more than one address. */
  readonly hosts?: Pick<Hosts, 'keyOf'>
  readonly records: RecordStore
  readonly clock: Clock
  readonly log: Log
}

/**
 * What this grove has learned about peers by their deeds, kept over restarts. A peer is the address
 * that was dialled: anybody can give any id, and nobody is blamed for what another did.
 */
export class PeerStore implements PeerRecords {
  readonly absences: Absences
  readonly #ports: PeerStorePorts
  readonly #unwritten = new Set<string>()
  readonly #known = new BoundedMap<string, Kept>(PEERS_MAX, (address) =>
    this.#unwritten.add(address),
  )
  /** Silences of addresses since they answered last. A restart is a new beginning for all. */
  readonly #silences = new BoundedMap<string, DecayingCounter>(PEERS_MAX)
  /** The lies of all addresses of a host. */
  readonly #hostLies = new BoundedMap<string, DecayingCounter>(PEERS_MAX)
  #cancelWrite: (() => void) | undefined
  #writing: Promise<void> = Promise.resolve()

  constructor(ports: PeerStorePorts) {
    this.#ports = ports
    this.absences = new AbsenceMemory(ports.clock)
  }

  /** Reads what was kept. A record that can't be read is forgotten. */
  async load(): Promise<void> {
    for (const { key, value } of await this.#ports.records.list(SPACE)) {
      const stored = storedSchema.safeParse(value)
      if (stored.success) this.#load(key, this.#inThePast(stored.data))
      else await this.#ports.records.delete(SPACE, key)
    }
  }

  record(address: string): PeerRecord {
    const kept = this.#known.get(address) ?? UNKNOWN
    const own = trustOf(this.#statsOf(address), this.#ports.clock.now())
    const { confirmed, bytesGood } = kept.record
    const isNew = confirmed === 0 && bytesGood === 0
    return { ...kept.record, trust: isNew ? Math.min(own, this.#hostTrust(address)) : own }
  }

  trust(address: string): number {
    return this.record(address).trust
  }

  advertisementConfirmed(address: string): void {
    const { record } = this.#kept(address)
    this.#change(address, { record: { ...record, confirmed: record.confirmed + 1 } })
  }

  advertisementContradicted(address: string, proof: Proof, error: Error): void {
    const kept = this.#kept(address)
    const { lies } = withLie(this.#statsOf(address), this.#ports.clock.now())
    this.#noteHostLie(address)
    const { contradicted, proofs } = kept.record
    const record = {
      ...kept.record,
      contradicted: contradicted + 1,
      proofs: [...proofs, proof].slice(-PROOFS_MAX),
      lastError: this.#lastError(error),
    }
    this.#change(address, { record, lies })
  }

  bytesGood(address: string, count: number): void {
    const { record, wrong } = this.#kept(address)
    this.answered(address)
    const owed = (wrong?.owed ?? 0) - count
    this.#change(address, {
      record: { ...record, bytesGood: record.bytesGood + count },
      wrong: wrong === undefined || owed <= 0 ? undefined : { ...wrong, owed },
      failures: NO_STATS.failures,
    })
  }

  answered(address: string): void {
    this.#silences.delete(address)
  }

  fault(address: string, error: unknown, badBytes = 0): void {
    const kept = this.#kept(address)
    const { failures, bytesBad } = kept.record
    const now = this.#ports.clock.now()
    if (badBytes > 0) this.#noteHostLie(address)
    const withThis = badBytes > 0 ? withWrongBytes : isSilence(error) ? withSilence : withFailure
    const stats = withThis(this.#statsOf(address), now)
    this.#silences.set(address, stats.silences)
    this.#change(address, {
      record: {
        ...kept.record,
        failures: failures + 1,
        bytesBad: bytesBad + badBytes,
        lastError: this.#lastError(error),
      },
      ...(badBytes > 0 && {
        wrong: { ...stats.wrong, owed: (kept.wrong?.owed ?? 0) + RIGHT_FOR_WRONG * badBytes },
      }),
      failures: stats.failures,
    })
  }

  order(peers: readonly PeerAddress[]): PeerAddress[] {
    return peers
      .map((peer) => ({ peer, step: trustStep(this.trust(peer.address)) }))
      .toSorted((a, b) => b.step - a.step)
      .map(({ peer }) => peer)
  }

  async close(): Promise<void> {
    this.#cancelWrite?.()
    await this.#writing
    await this.#write()
  }

  #load(address: string, kept: Kept): void {
    this.#known.set(address, kept)
    const host = this.#ports.hosts?.keyOf(address)
    const before = host === undefined ? undefined : this.#hostLies.get(host)
    if (host !== undefined && kept.lies.weight > (before?.weight ?? 0))
      this.#hostLies.set(host, kept.lies)
  }

  /** A lie counts against what else is on the host: a liar could take the next port. */
  #noteHostLie(address: string): void {
    const host = this.#ports.hosts?.keyOf(address)
    if (host === undefined) return
    const lies = this.#hostLies.get(host) ?? NO_STATS.lies
    this.#hostLies.set(host, withLie({ ...NO_STATS, lies }, this.#ports.clock.now()).lies)
  }

  #hostTrust(address: string): number {
    const host = this.#ports.hosts?.keyOf(address)
    const lies = (host === undefined ? undefined : this.#hostLies.get(host)) ?? NO_STATS.lies
    return trustOf({ ...NO_STATS, lies }, this.#ports.clock.now())
  }

  #statsOf(address: string): PeerStats {
    const { record, lies, wrong = NO_STATS.wrong, failures } = this.#kept(address)
    const { confirmed, bytesGood } = record
    const silences = this.#silences.get(address) ?? NO_STATS.silences
    return { confirmed, bytesGood, lies, wrong, failures, silences }
  }

  #kept(address: string): Kept {
    return this.#known.get(address) ?? UNKNOWN
  }

  /** A clock that was wrong when this was written must not keep it from fading. */
  #inThePast({ record, lies, wrong, failures }: Kept): Kept {
    const now = this.#ports.clock.now()
    return {
      record,
      lies: { ...lies, at: Math.min(lies.at, now) },
      ...(wrong && { wrong: { ...wrong, at: Math.min(wrong.at, now) } }),
      failures: { ...failures, at: Math.min(failures.at, now) },
    }
  }

  #lastError(error: unknown): NonNullable<PeerRecord['lastError']> {
    const code = isGroveError(error) ? error.code : 'internal-error'
    const message = error instanceof Error ? error.message.slice(0, 500) : String(error)
    return { code, message, at: timestamp(this.#ports.clock.now()) }
  }

  #change(address: string, change: Partial<Kept>): void {
    const kept = { ...this.#kept(address), ...change }
    this.#known.set(address, kept)
    this.#unwritten.add(address)
    this.#cancelWrite ??= this.#ports.clock.after(WRITE_DELAY_MS, () => this.#writeSoon())
  }

  #writeSoon(): void {
    this.#cancelWrite = undefined
    this.#writing = this.#writing.then(() => this.#tryToWrite())
  }

  /** What is not written now is written with the next change, or at the end. */
  async #tryToWrite(): Promise<void> {
    try {
      await this.#write()
    } catch (err) {
      this.#ports.log.warn('peer records not written', { err })
    }
  }

  async #write(): Promise<void> {
    for (const address of [...this.#unwritten]) {
      this.#unwritten.delete(address)
      const kept = this.#known.get(address)
      try {
        if (kept === undefined) await this.#ports.records.delete(SPACE, address)
        else await this.#ports.records.set(SPACE, address, storable(kept))
      } catch (error) {
        this.#unwritten.add(address)
        throw error
      }
    }
  }
}

function storable({ wrong, ...kept }: Kept): JsonObject {
  return (wrong === undefined ? kept : { ...kept, wrong }) as unknown as JsonObject
}

/** Whether it says only that no grove answers there now, which an answer disproves. */
function isSilence(error: unknown): boolean {
  if (!isGroveError(error)) return false
  const { blame, retryable } = error.kind
  return blame === 'none' || (blame === 'network' && retryable)
}
