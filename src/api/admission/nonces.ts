import { hash } from 'node:crypto'
import { DigestSet } from '../../concurrency/digest-set.ts'
import type { SignatureHead } from '../../signing/http-signature.ts'
import { SIGNATURE_KEPT_S } from './signature-clock.ts'

/** Used nonces are forgotten together if they were made within so many seconds. */
const BLOCK_S = 4
/**
 * Used nonces that are remembered of keys that the operator has listed, and as many of all others:
 * more than a machine can verify within the time for which a signature is taken.
 */
const NONCES_MAX = 1_048_576

/** Whose room a nonce takes: that of a listed key, else that of the host that it came from. */
export interface NonceOwner {
  readonly isListed: boolean
  readonly name: string
}

type Used = Pick<SignatureHead, 'keyid' | 'nonce' | 'created'>

/** Nonces that are forgotten together. */
interface Block {
  readonly digests: DigestSet
  readonly owners: Map<NonceRoom, Map<string, number>>
}

/**
 * The nonces of signatures that were taken, so that none is taken twice. None is forgotten while
 * its signature would be taken. An owner may take as much room as is still free, so that all the
 * others find some: who has used too much has to wait, and nobody else.
 */
export class Nonces {
  readonly #secret: string
  readonly #blocks = new Map<number, Block>()
  readonly #listed: NonceRoom
  readonly #others: NonceRoom

  /** `secret` is known to nobody: by it nobody can find nonces that are taken for each other. */
  constructor({ secret, most = NONCES_MAX }: { readonly secret: string; readonly most?: number }) {
    this.#secret = secret
    this.#listed = new NonceRoom(most)
    this.#others = new NonceRoom(most)
  }

  /**
   * What is to be done with a nonce now (Unix seconds): to take it, to refuse it, or to wait. Its
   * signature must not be older than SIGNATURE_KEPT_S.
   */
  use(used: Used, owner: NonceOwner, nowS: number): 'taken' | 'used' | 'full' {
    this.#forget(nowS)
    const digest = this.#digestOf(used)
    if (this.#blocks.get(numberOf(used))?.digests.has(digest) === true) return 'used'
    const room = owner.isListed ? this.#listed : this.#others
    if (!room.hasPlaceFor(owner.name)) return 'full'
    const { digests, owners } = this.#blockOf(used)
    digests.add(digest)
    room.add(owner.name, 1)
    const counts = owners.get(room) ?? new Map<string, number>()
    owners.set(room, counts.set(owner.name, (counts.get(owner.name) ?? 0) + 1))
    return 'taken'
  }

  has(used: Used): boolean {
    return this.#blocks.get(numberOf(used))?.digests.has(this.#digestOf(used)) === true
  }

  /** The memory that the nonces themselves take. */
  get bytes(): number {
    return this.#blocks.values().reduce((sum, { digests }) => sum + digests.bytes, 0)
  }

  #blockOf(used: Used): Block {
    const number = numberOf(used)
    const block = this.#blocks.get(number) ?? { digests: new DigestSet(), owners: new Map() }
    this.#blocks.set(number, block)
    return block
  }

  #digestOf({ keyid, nonce }: Used): Buffer {
    return hash('sha256', `${this.#secret} ${keyid} ${nonce}`, 'buffer')
  }

  #forget(nowS: number): void {
    for (const [number, { owners }] of this.#blocks) {
      if ((number + 1) * BLOCK_S + SIGNATURE_KEPT_S > nowS) continue
      this.#blocks.delete(number)
      for (const [room, counts] of owners)
        for (const [name, count] of counts) room.add(name, -count)
    }
  }
}

const numberOf = ({ created }: Used): number => Math.floor(created / BLOCK_S)

/** How many nonces each owner has in a room for so many. */
class NonceRoom {
  readonly #most: number
  readonly #counts = new Map<string, number>()
  #total = 0

  constructor(most: number) {
    this.#most = most
  }

  /** Of n owners that want all of it, each gets one part of n + 1 (Choudhury and Hahne, 1998). */
  hasPlaceFor(name: string): boolean {
    return (this.#counts.get(name) ?? 0) < this.#most - this.#total
  }

  add(name: string, count: number): void {
    this.#total += count
    const left = (this.#counts.get(name) ?? 0) + count
    if (left === 0) this.#counts.delete(name)
    else this.#counts.set(name, left)
  }
}
