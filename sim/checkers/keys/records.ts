import { isKeyId } from '../../../src/core/identity/ed25519.ts'
import { type NodeRecord, readNodeRecord } from '../../../src/core/identity/node-record.ts'
import type { Rotation } from '../../../src/core/identity/rotation.ts'
import { isLeafAddress } from '../../../src/core/peers/leaf.ts'
import type { PeerAddress } from '../../../src/core/peers/peer.ts'
import type { GroveNode } from '../../../src/node/node.ts'
import type { Holder } from '../union.ts'

/** Where groves keep whom they have called with success. */
const SPACE = 'proven-peers'

interface Kept {
  readonly address: string
  readonly record?: NodeRecord
  readonly isRetired?: true
}

type Subject = Pick<Holder, 'name' | 'disk'> & {
  readonly clock: { now(): number }
  readonly node?: Pick<GroveNode, 'gossip'> | undefined
}

/** Watches what groves keep of the peers that have proven themselves. */
export class RecordWatch {
  /** By key. A copied one has several addresses. */
  readonly #honest: Map<string, readonly string[]>
  /** By address, the keys that its grove has or had. */
  readonly #ownersOf: ReadonlyMap<string, Set<string>>
  /** By grove and honest key, the highest number of a record that was kept. */
  readonly #numbers = new Map<string, number>()

  constructor(honest: readonly PeerAddress[]) {
    const placesOf = Map.groupBy(honest, ({ peerId }) => peerId)
    const addressesOf = (places: readonly PeerAddress[]) => places.map(({ address }) => address)
    this.#honest = new Map([...placesOf].map(([key, places]) => [key, addressesOf(places)]))
    this.#ownersOf = new Map(honest.map(({ peerId, address }) => [address, new Set([peerId])]))
  }

  /** A grove has another key: by the one before, whoever has stolen that may be kept for a while. */
  rotated({ from, to }: Pick<Rotation, 'from' | 'to'>): void {
    const addresses = this.#honest.get(from) ?? []
    this.#honest.delete(from)
    this.#honest.set(to, addresses)
    for (const address of addresses) this.#ownersOf.get(address)?.add(to)
  }

  /** What a grove keeps that its owner has not said, or that belongs to somebody else. */
  async wrong(grove: Subject): Promise<string[]> {
    const found: string[] = []
    for (const { key, value } of await grove.disk.records.list(SPACE)) {
      const kept = value as unknown as Kept
      const faults = kept.isRetired ? this.#ofRetired(grove, key) : this.#of(grove, key, kept)
      found.push(...faults.map((fault) => `${grove.name} ${fault}`))
    }
    return found
  }

  #of({ name, clock }: Subject, key: string, { address, record }: Kept): string[] {
    const found: string[] = []
    const owners = this.#ownersOf.get(address)
    const places = this.#honest.get(key) ?? [address]
    if (owners?.has(key) === false || !places.includes(address))
      found.push(`keeps ${address} as that of ${key}`)
    if (record === undefined) return found
    const read = readNodeRecord(record, clock.now())
    if ('fault' in read) found.push(`keeps a record of ${key} that is ${read.fault}`)
    if (record.peerId !== key) found.push(`keeps a record of ${record.peerId} for ${key}`)
    // Of two groves with one key, the one that has proven itself last may have the older record.
    const isPlaced = isLeafAddress(address)
      ? record.addresses.length === 0
      : record.addresses.includes(address) ||
        places.some((place) => place !== address && record.addresses.includes(place))
    if (!isPlaced) found.push(`keeps a record of ${key} without its address ${address}`)
    if (this.#honest.has(key)) found.push(...this.#olderThanBefore(name, key, record.seq))
    return found
  }

  #olderThanBefore(name: string, key: string, seq: number): string[] {
    const place = `${name} ${key}`
    const before = this.#numbers.get(place) ?? 0
    this.#numbers.set(place, Math.max(before, seq))
    return seq < before ? [`keeps an older record of ${key} than before`] : []
  }

  #ofRetired({ node }: Subject, key: string): string[] {
    if (this.#honest.has(key)) return [`takes ${key} for a key that was given up`]
    const known = node?.gossip.peers().some((peer) => peer.active && peer.peerId === key)
    return known && isKeyId(key) ? [`has an active peer by ${key}, which was given up`] : []
  }
}
