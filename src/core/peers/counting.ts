import type { KeyId } from '../identity/ed25519.ts'
import type { StandingEntry } from '../wire/access.ts'
import type { AdmissionMode } from './admission.ts'

/**
 * What a grove makes of a key: it is its own or was; its operator trusts it, or has blocked it; it
 * is on a member list that is followed.
 */
export type KeyStanding = 'own' | 'member' | StandingEntry['standing']

/** What is made of groves now, to be read only. */
export interface StandingsView<T extends KeyStanding = KeyStanding> {
  /** What is made of the grove with an id; undefined where nothing is. */
  of(peerId: string): T | undefined
}

/** What is made of keys now, to be read only. */
export interface KeysView extends StandingsView {
  /** Whether a grove has given the key up: what it signed counts, and it calls nobody. */
  isRetired(peerId: string): boolean
}

/** Whether what a key has signed counts: in `members` it has to be listed, and never blocked. */
export const isAccepted = (admission: AdmissionMode, standing: KeyStanding | undefined): boolean =>
  standing !== 'blocked' && (admission !== 'members' || standing !== undefined)

/** What becomes of what a key alone has signed: it counts, it may only rank itself, or neither. */
export function weightOf(admission: AdmissionMode, standing: KeyStanding | undefined): Judgement {
  if (isAccepted(admission, standing)) return 'counts'
  return standing === 'blocked' ? 'blocked' : 'uncounted'
}

/** Whose word counts. */
export interface Counting {
  readonly admission: AdmissionMode
  /** Of all keys of which anything is made. */
  readonly standings: ReadonlyMap<KeyId, KeyStanding>
  /** The present key of each grove by those that it had before. Default: none had another. */
  readonly aliases?: Aliases | undefined
}

/** The present keys of groves, by those that they had before. */
export type Aliases = ReadonlyMap<KeyId, KeyId>

/** By which key the grove goes that has signed with one of its keys. */
export const groveOf = (aliases: Aliases | undefined, key: KeyId): KeyId => aliases?.get(key) ?? key

/** The groves that have signed with these keys, each once, by their present keys. */
export const grovesOf = (aliases: Aliases | undefined, keys: readonly KeyId[]): KeyId[] => [
  ...new Set(keys.map((key) => groveOf(aliases, key))),
]

/** Everything counts: nothing is made of anybody. */
export const EVERYBODY: Counting = { admission: 'open', standings: new Map() }

/**
 * Whether a contribution counts in others' signals; not, though it may rank itself; or neither, as
 * all who signed it are blocked.
 */
export type Judgement = 'counts' | 'uncounted' | 'blocked'

/**
 * What is made of a contribution that these keys have signed. What nobody signed counts in `open`
 * only. What was published here (`isOurs`) isn't blocked with others who have signed it, too.
 */
export function judge(
  { admission, standings }: Counting,
  { signers, isOurs }: { readonly signers: readonly KeyId[]; readonly isOurs: boolean },
): Judgement {
  const all = signers.map((peerId) => standings.get(peerId))
  const behind = isOurs ? all.filter((standing) => standing !== 'blocked') : all
  if (behind.length === 0) return admission === 'open' ? 'counts' : 'uncounted'
  if (behind.some((standing) => isAccepted(admission, standing))) return 'counts'
  return behind.every((standing) => standing === 'blocked') ? 'blocked' : 'uncounted'
}

/** Whether the operator chose a key, so that what it says attests to others' work. */
export const isTrusted = (standing: KeyStanding | undefined): boolean =>
  standing === 'own' || standing === 'trusted'

/** Whether the origins of a key are kept whatever else comes. */
export const isListed = (standing: KeyStanding | undefined): boolean =>
  standing !== undefined && standing !== 'blocked'
