import { z } from 'zod'
import { BoundedMap } from '../../concurrency/bounded.ts'
import type { JsonObject } from '../../core/canonical.ts'
import {
  compareRecords,
  isDue,
  type NodeRecord,
  nodeRecordSchema,
  readNodeRecord,
  signNodeRecord,
} from '../../core/identity/node-record.ts'
import { tidyAddress } from '../../core/peers/endpoint.ts'
import { isLeafAddress, leafAddress } from '../../core/peers/leaf.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { Capabilities, NamedPeer } from '../../core/wire/gossip.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import type { RecordStore } from '../../ports/record-store.ts'
import type { Signatures } from '../../ports/signatures.ts'

const OWN_SPACE = 'node-record'
const OWN = 'own'
const SPACE = 'proven-peers'
/** Proven peers that are kept, over restarts too. */
const PROVEN_KEPT_MAX = 2_048

const keptSchema = z.object({
  address: z.string().min(1),
  record: nodeRecordSchema.optional(),
})
type Kept = z.infer<typeof keptSchema>

export interface NodeRecordPorts {
  readonly records: RecordStore
  readonly clock: Clock
  readonly log: Log
  readonly signatures?: Signatures | undefined
}

/** What a grove says of itself. */
interface Facts {
  readonly addresses: readonly string[]
  readonly capabilities: Capabilities
}

/**
 * Node records: this grove's own, and those of the peers that are proven, which come from these
 * peers themselves and are never passed on. They and their addresses are kept over restarts.
 */
export class NodeRecords {
  readonly #ports: NodeRecordPorts
  /** By key, those proven last at the end. */
  readonly #kept = new BoundedMap<string, Kept>(PROVEN_KEPT_MAX, (key) => this.#write(key))
  #own: NodeRecord | undefined
  #writing: Promise<unknown> = Promise.resolve()
  #renewing: Promise<unknown> = Promise.resolve()

  constructor(ports: NodeRecordPorts) {
    this.#ports = ports
  }

  /** Reads what was kept: the peers that were proven. What can't be read is forgotten. */
  async load(): Promise<NamedPeer[]> {
    const { records } = this.#ports
    this.#own = nodeRecordSchema.safeParse(await records.get(OWN_SPACE, OWN)).data
    for (const { key, value } of await records.list(SPACE)) {
      const { data } = keptSchema.safeParse(value)
      if (data === undefined) await records.delete(SPACE, key)
      else this.#kept.set(key, data)
    }
    return [...this.#kept].map(([peerId, { address }]) => ({
      peerId,
      address,
      seq: this.seqOf(peerId),
    }))
  }

  /** This grove's own record; undefined before `renew`, and where it has no key. */
  get own(): NodeRecord | undefined {
    return this.#own
  }

  /**
   * Makes another record of this grove if it says something else than the last one, or that one is
   * half through its time. It is kept before anybody sees it: no number is given twice.
   */
  renew(facts: Facts): Promise<void> {
    const renewed = this.#renewing.then(() => this.#renew(facts))
    this.#renewing = Promise.allSettled([renewed])
    return renewed
  }

  async #renew({ addresses, capabilities }: Facts): Promise<void> {
    const key = this.#ports.signatures?.key
    if (key === undefined) return
    const now = this.#ports.clock.now()
    const last = this.#own?.peerId === key.peerId ? this.#own : undefined
    const says = (one: object) => JSON.stringify(one)
    const isSame =
      last !== undefined &&
      says([last.addresses, last.capabilities]) === says([addresses, capabilities])
    if (isSame && !isDue(last, now)) return
    const next = signNodeRecord(key, { addresses, capabilities, lastSeq: last?.seq }, now)
    await this.#ports.records.set(OWN_SPACE, OWN, next as unknown as JsonObject)
    this.#own = next
  }

  /** The number of the record that is held of a key; 0 if there is none. */
  seqOf(peerId: string): number {
    return this.#kept.get(peerId)?.record?.seq ?? 0
  }

  /** Whether the record that is held of a key holds at that moment. */
  isValid(peerId: string, now: number): boolean {
    return now < (this.#kept.get(peerId)?.record?.expiresAt ?? 0)
  }

  /**
   * A peer has answered at its address under its key, with its record if this grove didn't hold
   * that. The number of the record that is held of it now.
   */
  proven({ peerId, address: dialled }: PeerAddress, told: unknown): number {
    const address = tidyAddress(dialled)
    const before = this.#kept.get(peerId)
    const record = this.#accepted({ peerId, address }, told) ?? before?.record
    const kept = { address, ...(record && { record }) }
    const isNews = before?.address !== address || before.record?.seq !== record?.seq
    this.#kept.set(peerId, kept)
    if (isNews) this.#write(peerId)
    return record?.seq ?? 0
  }

  /** A peer has failed, or has another key: it is not called after a restart. */
  forget(peerId: string): void {
    if (this.#kept.delete(peerId)) this.#write(peerId)
  }

  async close(): Promise<void> {
    await this.#renewing
    await this.#writing
  }

  /** A record that its own key has signed, that names the address, and is newer than the last. */
  #accepted({ peerId, address }: PeerAddress, told: unknown): NodeRecord | undefined {
    if (told === undefined) return undefined
    const { clock, log } = this.#ports
    const refused = (fault: string) => {
      log.debug('node record refused', { peerId, address, fault })
      return undefined
    }
    const read = readNodeRecord(told, clock.now())
    if ('fault' in read) return refused(read.fault)
    const { record } = read
    if (record.peerId !== peerId) return refused('of another key')
    if (!names(record, address)) return refused('of another address')
    const held = this.#kept.get(peerId)?.record
    const order = compareRecords(held, record)
    if (order === 'twin')
      log.warn('two groves have one key, or one that was restored', { peerId, address })
    return order === 'newer' ? record : undefined
  }

  #write(peerId: string): void {
    const kept = this.#kept.get(peerId)
    this.#writing = this.#writing.then(() => this.#tryToWrite(peerId, kept))
  }

  async #tryToWrite(peerId: string, kept: Kept | undefined): Promise<void> {
    const { records, log } = this.#ports
    try {
      if (kept === undefined) await records.delete(SPACE, peerId)
      else await records.set(SPACE, peerId, kept as unknown as JsonObject)
    } catch (err) {
      log.warn('proven peer not written', { err })
    }
  }
}

/** Whether a record is of a grove at that address. That of a leaf names none. */
function names({ peerId, addresses }: NodeRecord, address: string): boolean {
  if (isLeafAddress(address)) return addresses.length === 0 && address === leafAddress(peerId)
  return addresses.some((one) => tidyAddress(one) === address)
}
