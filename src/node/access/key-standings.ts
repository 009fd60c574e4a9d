import { isKeyId, type KeyId } from '../../core/identity/ed25519.ts'
import type { KeyStanding } from '../../core/peers/counting.ts'
import type { MemberLists } from './member-lists.ts'
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
}

/**
 * The one place that says what this grove makes of a key: who is admitted where members are, and
 * whose work counts. Its operator's word goes before that of member lists.
 */
export class KeyStandings {
  readonly #sources: Sources

  constructor(sources: Sources) {
    this.#sources = sources
  }

  /** What is made of a grove's id now; undefined where nothing is. */
  of(peerId: string): KeyStanding | undefined {
    const { own, standings, members } = this.#sources
    if (peerId === own.current) return 'own'
    const said = standings.of(peerId)
    if (said === 'blocked') return said
    if (own.former?.includes(peerId)) return 'own'
    return said ?? (members.has(peerId) ? 'member' : undefined)
  }

  /** Of all keys of which something is made now. */
  all(): Map<KeyId, KeyStanding> {
    const { own, standings, members } = this.#sources
    const listed = standings.list().map(({ peer }) => peer)
    const named = [own.current, ...(own.former ?? []), ...listed, ...members.keys()]
    const all = new Map<KeyId, KeyStanding>()
    for (const peerId of named) {
      const standing = peerId === undefined ? undefined : this.of(peerId)
      if (standing !== undefined && isKeyId(peerId)) all.set(peerId, standing)
    }
    return all
  }
}
