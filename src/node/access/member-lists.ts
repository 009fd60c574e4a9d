import { z } from 'zod'
import { GroveError } from '../../core/errors.ts'
import type { KeyId } from '../../core/identity/ed25519.ts'
import { keyIdSchema } from '../../core/identity/rotation.ts'
import type { RecordStore } from '../../ports/record-store.ts'

const SPACE = 'members'
/** Member lists that a grove follows at once. */
const LISTS_MAX = 64
/** Keys of one list. */
const KEYS_MAX = 1_024

const keptSchema = z.object({ source: z.string(), keys: z.array(keyIdSchema).max(KEYS_MAX) })

/** The member lists that this grove follows, each by its source. */
export class MemberLists {
  readonly #records: RecordStore
  readonly #changed: () => void
  readonly #lists = new Map<string, ReadonlySet<KeyId>>()

  /** `changed` is called after each change. */
  constructor(records: RecordStore, changed: () => void = () => {}) {
    this.#records = records
    this.#changed = changed
  }

  /** Reads what was kept. A record that can't be read is forgotten. */
  async load(): Promise<void> {
    for (const { value } of await this.#records.list(SPACE)) {
      const { data } = keptSchema.safeParse(value)
      if (data !== undefined) this.#lists.set(data.source, new Set(data.keys))
    }
  }

  /**
   * Follows a list, durably; it takes the place of the one from the same source (the hub's id).
   * Throws `refused` where too many are followed, or it is too long.
   */
  async follow(source: string, keys: readonly KeyId[]): Promise<void> {
    const known = this.#lists.get(source)
    const list = new Set(keys)
    if (list.size > KEYS_MAX || (known === undefined && this.#lists.size >= LISTS_MAX))
      throw new GroveError('refused', {}, { message: tooMany })
    if (known?.symmetricDifference(list).size === 0) return
    await this.#records.set(SPACE, source, { source, keys: [...list] })
    this.#lists.set(source, list)
    this.#changed()
  }

  /** Follows the list of a source no longer, durably. */
  async forget(source: string): Promise<void> {
    if (!this.#lists.has(source)) return
    await this.#records.delete(SPACE, source)
    this.#lists.delete(source)
    this.#changed()
  }

  /** Whether a list that is followed has this id. */
  has(peerId: string): boolean {
    return this.#lists.values().some((list) => (list as ReadonlySet<string>).has(peerId))
  }

  /** All of their keys, each once. */
  keys(): ReadonlySet<KeyId> {
    return new Set([...this.#lists.values()].flatMap((list) => [...list]))
  }

  /** The sources of the lists. */
  sources(): string[] {
    return [...this.#lists.keys()]
  }
}

const tooMany = `a grove follows up to ${LISTS_MAX} member lists of up to ${KEYS_MAX} keys each`
