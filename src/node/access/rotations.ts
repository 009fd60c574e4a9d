import { z } from 'zod'
import { Semaphore } from '../../concurrency/semaphore.ts'
import type { JsonObject } from '../../core/canonical.ts'
import { isKeyId, type KeyId } from '../../core/identity/ed25519.ts'
import {
  isRotation,
  ROTATIONS_MAX,
  type Rotation,
  rotationSchema,
} from '../../core/identity/rotation.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import type { RecordStore } from '../../ports/record-store.ts'

const SPACE = 'rotation'
/** Changes of key that are kept of all groves. */
const ROTATIONS_KNOWN_MAX = 4_096
/** Once so many are kept, there is room for those of listed groves only. */
const ROTATIONS_OF_ANYBODY_MAX = 1_024

const keptSchema = z.object({
  rotation: rotationSchema,
  /** When this grove heard of it (Unix ms). */
  heardAt: z.number(),
})
type Kept = z.infer<typeof keptSchema>

interface RotationsPorts {
  readonly records: RecordStore
  readonly clock: Pick<Clock, 'now'>
  readonly log?: Pick<Log, 'info' | 'warn'> | undefined
}

interface RotationsHooks {
  /** This grove's present key, and those that it had before. */
  readonly own: { readonly current?: string; readonly former?: readonly string[] }
  /** Whether anything is made of a grove here, so that its changes of key matter. */
  readonly isListed: (peerId: string) => boolean
  /**
   * A change has been kept: what was said of the key before by `heardAt` (Unix ms) is said of the
   * present one from now on.
   */
  readonly onKept: (change: { from: KeyId; to: KeyId }, heardAt: number) => Promise<void>
}

/**
 * How other groves have changed their keys. Both keys have signed each change, and a key has one
 * successor: the first that was heard of, since whoever stole a key can name another one later.
 */
export class Rotations {
  readonly #ports: RotationsPorts
  readonly #hooks: RotationsHooks
  /** By the key before. */
  readonly #known = new Map<string, Kept>()
  /** By the key since: those right before it. */
  readonly #before = new Map<string, KeyId[]>()
  /** Keys of which it was told that they name another successor. */
  readonly #forked = new Set<string>()
  /** One at a time is learned: of two successors that are told at once, one is kept. */
  readonly #learning = new Semaphore(1)

  constructor(ports: RotationsPorts, hooks: RotationsHooks) {
    this.#ports = ports
    this.#hooks = hooks
  }

  /** Reads what was kept. A record that can't be read is forgotten. */
  async load(): Promise<void> {
    for (const { value } of await this.#ports.records.list(SPACE)) {
      const { data } = keptSchema.safeParse(value)
      if (data !== undefined) this.#enter(data)
    }
  }

  /** Completes what a kill may have cut off. To be called when all is loaded. */
  async settle(): Promise<void> {
    for (const kept of this.#known.values()) await this.#tell(kept)
  }

  /** Whether a grove has given this key up for another: it speaks for nobody any more. */
  isRetired(peerId: string): boolean {
    const { current, former } = this.#hooks.own
    return peerId !== current && (this.#known.has(peerId) || former?.includes(peerId) === true)
  }

  /** The keys that the grove with this one has had since, the next one first. */
  since(peerId: string): KeyId[] {
    const keys: KeyId[] = []
    const { current, former } = this.#hooks.own
    if (isKeyId(current) && former?.includes(peerId) === true) return [current]
    for (let at = this.#known.get(peerId); at !== undefined; at = this.#known.get(at.rotation.to))
      keys.push(at.rotation.to)
    return keys
  }

  /** The keys that the grove with this one had before, the last ones first. */
  before(peerId: string): KeyId[] {
    const keys = [...(this.#before.get(peerId) ?? [])]
    for (const key of keys) keys.push(...(this.#before.get(key) ?? []))
    return keys
  }

  /** The present key of the grove that has or had this one. */
  presentOf<T extends string>(peerId: T): T | KeyId {
    return this.since(peerId).at(-1) ?? peerId
  }

  /** The present key of each grove by those that it had before, this grove's own among them. */
  aliases(): Map<KeyId, KeyId> {
    const { current, former = [] } = this.#hooks.own
    const aliases = new Map<KeyId, KeyId>()
    for (const { rotation } of this.#known.values())
      aliases.set(rotation.from, this.presentOf(rotation.to))
    if (isKeyId(current)) for (const key of former) if (isKeyId(key)) aliases.set(key, current)
    return aliases
  }

  /** The changes that led to these keys, in their order. */
  leadingTo(peerIds: readonly string[]): Rotation[] {
    const before = peerIds.flatMap((peerId) => this.before(peerId).reverse())
    return before.flatMap((key) => this.#known.get(key)?.rotation ?? [])
  }

  /**
   * Learns changes of key, in whatever order they come: of groves of which anything is made here,
   * and of one that is known otherwise. What both keys have not signed is left out, as is another
   * successor of a key that has one.
   */
  async learn(rotations: readonly Rotation[], acquainted?: string): Promise<void> {
    const leave = await this.#learning.enter()
    try {
      await this.#learnAll(rotations, acquainted)
    } finally {
      leave()
    }
  }

  async #learnAll(rotations: readonly Rotation[], acquainted?: string): Promise<void> {
    const known = new Set(acquainted === undefined ? [] : [acquainted])
    const isOfUse = ({ from, to }: Rotation) =>
      [from, to].some((key) => known.has(key) || this.#hooks.isListed(key))
    for (const rotation of [...rotations, ...rotations.toReversed()]) {
      if (!isOfUse(rotation) || !(await this.#learnOne(rotation))) continue
      known.add(rotation.from).add(rotation.to)
    }
  }

  /** Whether it is known now. */
  async #learnOne(rotation: Rotation): Promise<boolean> {
    const { from, to } = rotation
    const known = this.#known.get(from)?.rotation
    if (known !== undefined) {
      if (known.to !== to && isRotation(rotation)) this.#warnOfFork(known, to)
      return known.to === to
    }
    if (!this.#hasRoom(rotation) || !isRotation(rotation)) return false
    const kept = { rotation, heardAt: this.#ports.clock.now() }
    await this.#ports.records.set(SPACE, from, kept as unknown as JsonObject)
    this.#enter(kept)
    await this.#tell(kept)
    this.#ports.log?.info('a grove has another key than it had', { peerId: from, now: to })
    return true
  }

  /** Whether it may be kept: own keys stay, nothing goes in circles, all is bounded. */
  #hasRoom({ from, to }: Rotation): boolean {
    const { current, former } = this.#hooks.own
    if (from === current || former?.includes(from)) return false
    const isListed = [from, to].some((key) => this.#hooks.isListed(key))
    const most = isListed ? ROTATIONS_KNOWN_MAX : ROTATIONS_OF_ANYBODY_MAX
    if (this.#known.size >= most) return false
    const present = this.presentOf(to)
    const keys = this.before(present).length + this.before(from).length + 1
    return present !== from && keys <= ROTATIONS_MAX
  }

  #tell({ rotation: { from, to }, heardAt }: Kept): Promise<void> {
    return this.#hooks.onKept({ from, to: this.presentOf(to) }, heardAt)
  }

  #enter(kept: Kept): void {
    const { from, to } = kept.rotation
    if (this.#known.has(from)) return
    this.#known.set(from, kept)
    this.#before.set(to, [from, ...(this.#before.get(to) ?? [])])
  }

  #warnOfFork({ from, to }: Rotation, other: KeyId): void {
    if (this.#forked.has(from)) return
    this.#forked.add(from)
    this.#ports.log?.warn('a key that a grove gave up names another successor: somebody has it', {
      ...{ peerId: from, successor: to, refused: other },
    })
  }
}
