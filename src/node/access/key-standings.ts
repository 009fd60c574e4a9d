import { isKeyId, type KeyId } from '../../core/identity/ed25519.ts'
import type { Aliases, KeyStanding } from '../../core/peers/counting.ts'
import type { MemberLists } from './member-lists.ts'
import type { Rotations } from './rotations.ts'
import type { Standings } from './standings.ts'

/** This grove's keys. */
export interface OwnKeys {
  /** The one that it signs with. */
  readonly current?: string
  /** Those that it had before. One that was stolen can be blocked. */
  readonly former?: readonly string[]
}

interface Sources {
  readonly own: OwnKeys
  readonly standings: Pick<Standings, 'of' | 'list'>
  readonly members: Pick<MemberLists, 'has' | 'keys'>
  readonly rotations: Pick<Rotations, 'since' | 'before' | 'aliases' | 'isRetired'>
}

/**
 * The one place that says what this grove makes of a key: who is admitted where members are, and
 * whose work counts. Its operator's word goes before that of member lists. A grove that has changed
 * its key is still the same: what is said of its later keys holds for those before.
 */
export class KeyStandings {
  readonly #sources: Sources

  constructor(sources: Sources) {
    this.#sources = sources
  }

  /** What is made of a grove's id now; undefined where nothing is. */
  of(peerId: string): KeyStanding | undefined {
    const { own, standings, members, rotations } = this.#sources
    if (peerId === own.current) return 'own'
    const said = standings.of(peerId)
    if (said === 'blocked') return said
    if (own.former?.includes(peerId)) return 'own'
    if (said !== undefined) return said
    const since = rotations.since(peerId)
    for (const key of since) {
      const later = standings.of(key)
      if (later !== undefined) return later
    }
    const all = [peerId, ...since, ...rotations.before(since.at(-1) ?? peerId)]
    return all.some((key) => members.has(key)) ? 'member' : undefined
  }

  /** Whether a grove has given the key up: what it signed counts, and it calls nobody. */
  isRetired(peerId: string): boolean {
    return this.#sources.rotations.isRetired(peerId)
  }

  /** The present key of each grove by those that it had before. */
  aliases(): Aliases {
    return this.#sources.rotations.aliases()
  }

  /** Of all keys of which something is made now. */
  all(): Map<KeyId, KeyStanding> {
    const { own, standings, members } = this.#sources
    const listed = standings.list().map(({ peer }) => peer)
    const renamed = [...this.aliases()].flat()
    const named = [own.current, ...(own.former ?? []), ...listed, ...members.keys(), ...renamed]
    const all = new Map<KeyId, KeyStanding>()
    for (const peerId of named) {
      const standing = peerId === undefined ? undefined : this.of(peerId)
      if (standing !== undefined && isKeyId(peerId)) all.set(peerId, standing)
    }
    return all
  }
}
