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

/** Whether what a key has signed counts: in `members` it has to be listed, and never blocked. */
export const isAccepted = (admission: AdmissionMode, standing: KeyStanding | undefined): boolean =>
  standing !== 'blocked' && (admission !== 'members' || standing !== undefined)
