import type { KeyId, SigningKey } from '../../../src/core/identity/ed25519.ts'
import {
  NODE_RECORD_LIFETIME_MS,
  type NodeFacts,
  nodeRecordSchema,
  signNodeRecord,
} from '../../../src/core/identity/node-record.ts'
import { rotate } from '../../../src/core/identity/rotation.ts'
import { signRecord } from '../../../src/core/identity/signed-record.ts'
import { timestamp } from '../../../src/core/time.ts'
import type { NamedPeer, SampleAnswer, SampleRequest } from '../../../src/core/wire/gossip.ts'
import type { GroveIdentity } from '../../../src/core/wire/identity.ts'
import type { Machine } from '../../machine/machine.ts'
import { type HttpAnswer, type HttpRequest, jsonAnswer } from '../../network/http.ts'
import { Adversary } from '../adversary.ts'

const DAY_MS = 86_400_000
/** How often it speaks by the key that it has given up. */
const AS_BEFORE = 0.2
const ROTATES_AFTER_MS = 20_000

/**
 * Answers who asks who is there with node records that must not count: forged, expired, from the
 * future, replayed, of others, with others' addresses, and of a key that it has given up.
 */
export class RecordForger extends Adversary {
  readonly #before = this.#keyOf(this.name)
  readonly #after = this.#keyOf(`${this.name}-next`)
  readonly #rotatesAt = this.context.timeline.now + ROTATES_AFTER_MS
  readonly #rotation = rotate(this.#before, this.#after, timestamp(this.context.timeline.now))
  /** Records that it has given out, and those that groves have told it of themselves. */
  readonly #seen: unknown[] = []

  protected override async answer(request: HttpRequest): Promise<HttpAnswer> {
    if (request.path === '/api/identity') return jsonAnswer(this.#identity())
    if (request.path !== '/api/gossip/sample') return super.answer(request)
    const key = this.#speaking
    const answer: SampleAnswer = { peers: this.#named(), record: this.#record(key) }
    // In whose name it answers, which its signature then is.
    return jsonAnswer({ ...answer, peerId: key.peerId })
  }

  protected override act(): void {
    super.act()
    const target = this.randomMachine()
    if (target !== undefined) void this.#ask(target)
  }

  /** It asks as others do, and keeps the record that it is told. */
  async #ask(target: Machine): Promise<void> {
    const from = { peerId: this.peerId, address: this.address, seq: this.rng.below(2) }
    const question: SampleRequest = { from, most: 10 }
    try {
      const { body } = await this.request(target, '/api/gossip/sample', question)
      const chunks: Uint8Array[] = []
      for await (const chunk of body) chunks.push(chunk)
      const { record } = JSON.parse(Buffer.concat(chunks).toString()) as SampleAnswer
      if (record !== undefined) this.#seen.push(record)
    } catch {
      // Refused, or lost on the way.
    }
  }

  get #speaking(): SigningKey {
    const isRotated = this.context.timeline.now >= this.#rotatesAt
    return isRotated && !this.rng.happens(AS_BEFORE) ? this.#after : this.#before
  }

  #record(key: SigningKey): unknown {
    const now = Math.floor(this.context.timeline.now)
    const victim = this.randomMachine()?.peer
    const theirs = victim?.address ?? this.address
    const own = { addresses: [this.address], capabilities: { federation: 2 }, lastSeq: undefined }
    const of = (facts: Partial<NodeFacts>, at = now) =>
      signNodeRecord(key, { ...own, ...facts }, at)
    switch (this.rng.below(9)) {
      case 0: {
        const good = of({})
        this.#seen.push(good)
        return good
      }
      case 1:
        return this.rng.pick(this.#seen)
      case 2:
        return { ...of({}), peerId: victim?.peerId, addresses: [this.address, theirs] }
      case 3:
        return of({}, now - NODE_RECORD_LIFETIME_MS - DAY_MS)
      case 4:
        return of({}, now + 3 * DAY_MS)
      case 5:
        return of({ addresses: [theirs] })
      case 6:
        return this.#readdressed()
      case 7:
        return this.#beyondAllNumbers(key, now)
      default:
        return { ...of({}), expiresAt: now + 365 * DAY_MS }
    }
  }

  /** A record that somebody has signed, with this one's address in it. */
  #readdressed(): unknown {
    const { data } = nodeRecordSchema.safeParse(this.rng.pick(this.#seen))
    return data && { ...data, addresses: [this.address] }
  }

  /** Signed as it should be, with a number that none of its later records could exceed. */
  #beyondAllNumbers(key: SigningKey, now: number): unknown {
    const { signature: _, ...said } = signNodeRecord(
      key,
      { addresses: [this.address], capabilities: {}, lastSeq: undefined },
      now,
    )
    return signRecord(key, 'node', { ...said, seq: Number.MAX_SAFE_INTEGER })
  }

  /** Groves at this one's address, with numbers that ask for a look. */
  #named(): NamedPeer[] {
    return this.context.machines.slice(0, 5).map(({ peer }) => ({
      peerId: peer.peerId,
      address: this.rng.happens(0.5) ? this.address : peer.address,
      seq: this.rng.happens(0.5) ? Number.MAX_SAFE_INTEGER : this.rng.below(1_000),
    }))
  }

  /** Its own change of key, and one by which another grove's key would be its own. */
  #identity(): GroveIdentity {
    const peerId = this.#speaking.peerId
    const victim = (this.randomMachine()?.peer.peerId ?? peerId) as KeyId
    const taken = { ...this.#rotation, from: victim, to: peerId }
    const rotations = this.rng.happens(0.5) ? [this.#rotation] : [taken, this.#rotation]
    return { peerId, publicKey: '', rotations }
  }

  /** A key by which it answers where that is named. */
  #keyOf(name: string): SigningKey {
    this.idOf(name)
    return this.context.keys.of(name)
  }
}
