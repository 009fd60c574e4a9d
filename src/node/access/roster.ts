import { z } from 'zod'
import type { JsonObject } from '../../core/canonical.ts'
import { GroveError } from '../../core/errors.ts'
import { isKeyId, type KeyId, type SigningKey } from '../../core/identity/ed25519.ts'
import {
  type ListedMember,
  MEMBERS_MAX,
  type MemberList,
  memberListSchema,
  signMemberList,
} from '../../core/identity/members.ts'
import { keyIdSchema } from '../../core/identity/rotation.ts'
import type { Clock } from '../../ports/clock.ts'
import type { RecordStore } from '../../ports/record-store.ts'
import type { MemberLists } from './member-lists.ts'
import type { Standings } from './standings.ts'

const SPACE = 'member'
const LIST_SPACE = 'member-list'
/** A list is signed anew after this: one that is older shows that the latest is withheld. */
const LIST_RENEW_MS = 24 * 60 * 60_000

const joinedSchema = z.object({
  peerId: keyIdSchema,
  name: z.string().optional(),
  /** Unix ms. */
  since: z.number(),
})
/** A grove that has joined this one. */
export type Joined = z.infer<typeof joinedSchema>

interface RosterPorts {
  readonly records: RecordStore
  readonly clock: Clock
  /** Default: the grove has no key, and signs no list. */
  readonly signer?: SigningKey | undefined
}

interface Whose {
  /** What the operator has said: those that are trusted are members. */
  readonly standings: Pick<Standings, 'list'>
  readonly isBlocked: (peerId: KeyId) => boolean
  /** The present key of a grove that may have had another when it joined. */
  readonly presentOf: (peerId: KeyId) => KeyId
  /** Whoever joined counts here as a member. */
  readonly lists: Pick<MemberLists, 'follow'>
}

/** Whose list it is in `MemberLists`. */
const OWN = 'own'

/** The members of this grove: who joined by an invite, and whom its operator trusts. */
export class Roster {
  readonly #ports: RosterPorts
  readonly #whose: Whose
  readonly #joined = new Map<KeyId, Joined>()
  #list: MemberList | undefined
  #signing: Promise<MemberList> | undefined

  constructor(ports: RosterPorts, whose: Whose) {
    this.#ports = ports
    this.#whose = whose
  }

  /** Reads what was kept. A record that can't be read is no member. */
  async load(): Promise<void> {
    const { records, signer } = this.#ports
    for (const { value } of await records.list(SPACE)) {
      const { data } = joinedSchema.safeParse(value)
      if (data !== undefined) this.#joined.set(data.peerId, data)
    }
    if (signer === undefined) return
    const { data } = memberListSchema.safeParse(await records.get(LIST_SPACE, 'own'))
    this.#list = data
  }

  /** Those that joined, by their present keys, but for blocked ones. */
  joined(): Joined[] {
    const { isBlocked, presentOf } = this.#whose
    const byKey = new Map<KeyId, Joined>()
    for (const member of this.#joined.values()) {
      const peerId = presentOf(member.peerId)
      if (!byKey.has(peerId) && !isBlocked(peerId)) byKey.set(peerId, { ...member, peerId })
    }
    return [...byKey.values()]
  }

  /**
   * Adds a grove, durably, unless it is on by one of its keys. Throws `refused` beyond MEMBERS_MAX.
   */
  async add(peerId: KeyId, name: string | undefined): Promise<void> {
    if (this.#keysOf(peerId).length > 0) return
    if (this.#joined.size >= MEMBERS_MAX - 1)
      throw new GroveError('refused', {}, { message: `it has ${MEMBERS_MAX} members already` })
    const since = this.#ports.clock.now()
    const member = { peerId, since, ...(name === undefined ? {} : { name }) }
    await this.#ports.records.set(SPACE, peerId, member)
    this.#joined.set(peerId, member)
    await this.#tell()
  }

  /** Takes a grove off, durably, by whichever key it joined. Whether it was on. */
  async remove(peerId: KeyId): Promise<boolean> {
    const keys = this.#keysOf(peerId)
    for (const key of keys) {
      await this.#ports.records.delete(SPACE, key)
      this.#joined.delete(key)
    }
    await this.#tell()
    return keys.length > 0
  }

  /**
   * The list of members, signed and kept before anybody sees it. It is signed anew when the members
   * or the grove's key have changed. Throws `not-found` where the grove has no key.
   */
  list(): Promise<MemberList> {
    this.#signing ??= this.#signed().finally(() => {
      this.#signing = undefined
    })
    return this.#signing
  }

  async #signed(): Promise<MemberList> {
    const { signer, records, clock } = this.#ports
    if (signer === undefined)
      throw new GroveError('not-found', {}, { message: 'the grove has no key to sign a list with' })
    const members = this.#members(signer.peerId)
    const last = this.#list
    const now = clock.now()
    const isSame = last?.by === signer.peerId && textOf(last.members) === textOf(members)
    if (isSame && Math.abs(now - last.issuedAt) < LIST_RENEW_MS) return last
    const list = signMemberList(signer, { members, now, ...(last && { lastSeq: last.seq }) })
    await records.set(LIST_SPACE, 'own', list as unknown as JsonObject)
    this.#list = list
    return list
  }

  /** By which keys a grove has joined. */
  #keysOf(peerId: KeyId): KeyId[] {
    const { presentOf } = this.#whose
    const present = presentOf(peerId)
    return [...this.#joined.keys()].filter((key) => presentOf(key) === present)
  }

  /** Blocked ones count as blocked, whatever list they are on. */
  #tell(): Promise<void> {
    return this.#whose.lists.follow(OWN, [...this.#joined.keys()])
  }

  /** By id: this grove, who joined, and of those that are trusted as many as there is room for. */
  #members(own: KeyId): ListedMember[] {
    const members = new Map<KeyId, ListedMember>([[own, { peerId: own }]])
    for (const { peerId, name } of this.joined())
      members.set(peerId, { peerId, ...(name === undefined ? {} : { name }) })
    for (const { peer: peerId, standing } of this.#whose.standings.list())
      if (standing === 'trusted' && isKeyId(peerId) && members.size < MEMBERS_MAX)
        members.set(peerId, members.get(peerId) ?? { peerId })
    return [...members.values()].toSorted((a, b) => (a.peerId < b.peerId ? -1 : 1))
  }
}

const textOf = (members: readonly ListedMember[]): string => JSON.stringify(members)
