import type { SigningKey } from '../../core/identity/ed25519.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { Log } from '../../ports/log.ts'
import { Invites } from './invites.ts'
import { KeyStandings, type OwnKeys } from './key-standings.ts'
import { MemberLists } from './member-lists.ts'
import { Roster } from './roster.ts'
import { Rotations } from './rotations.ts'
import { Standings } from './standings.ts'
import { type AccessPorts, Tokens } from './tokens.ts'

/** Who may call this grove from other machines, and whose work counts. */
export class Access {
  readonly tokens: Tokens
  /** What its operator has said of other groves. */
  readonly standings: Standings
  /** The member lists that it follows. */
  readonly members: MemberLists
  /** Its own members. */
  readonly roster: Roster
  readonly invites: Invites
  /** How other groves have changed their keys. */
  readonly rotations: Rotations
  /** What follows from all of that for each key. */
  readonly keys: KeyStandings
  readonly #watchers: (() => void)[] = []
  #strangerRefused = () => {}

  /** `own`: this grove's own keys. Default: it has none. */
  constructor(
    ports: AccessPorts & {
      readonly signatures?: { readonly key: SigningKey } | undefined
      readonly log?: Log
    },
    own: OwnKeys = {},
  ) {
    const changed = () => {
      for (const watcher of this.#watchers) watcher()
    }
    this.tokens = new Tokens(ports)
    this.standings = new Standings(ports, changed)
    this.members = new MemberLists(ports.records, changed)
    this.rotations = new Rotations(ports, {
      own,
      isListed: (peerId) => this.keys.of(peerId) !== undefined,
      onKept: async (change, heardAt) => {
        await this.standings.pass(change, heardAt)
        changed()
      },
    })
    const { standings, members, rotations } = this
    const isBlocked = (peerId: string) => this.keys.of(peerId) === 'blocked'
    this.invites = new Invites(ports, { rotations, isBlocked })
    this.roster = new Roster(
      { ...ports, signer: ports.signatures?.key },
      {
        ...{ standings, lists: members, isBlocked },
        presentOf: (peerId) => rotations.presentOf(peerId),
      },
    )
    this.keys = new KeyStandings({ own, standings, members, rotations })
  }

  async load(): Promise<void> {
    const { tokens, standings, members, roster, invites, rotations } = this
    const parts = [tokens, standings, members, roster, invites, rotations]
    await Promise.all(parts.map((part) => part.load()))
    await rotations.settle()
  }

  /** Whether a grove is blocked, by its address or any of its keys. */
  blocks(peer: PeerAddress): boolean {
    return this.standings.blocks(peer) || this.keys.of(peer.peerId) === 'blocked'
  }

  /** Calls the watcher after each change of what is made of keys, but for what ends by itself. */
  watch(watcher: () => void): void {
    this.#watchers.push(watcher)
  }

  /** Calls this after each stranger that was refused: it may be on a list that is newer. */
  onStranger(refused: () => void): void {
    this.#strangerRefused = refused
  }

  /** A caller was refused of whom nothing is known here. */
  noteStranger(): void {
    this.#strangerRefused()
  }
}
