import { KeyStandings, type OwnKeys } from './key-standings.ts'
import { MemberLists } from './member-lists.ts'
import { Standings } from './standings.ts'
import { type AccessPorts, Tokens } from './tokens.ts'

/** Who may call this grove from other machines, and whose work counts. */
export class Access {
  readonly tokens: Tokens
  /** What its operator has said of other groves. */
  readonly standings: Standings
  /** The member lists that it follows. */
  readonly members: MemberLists
  /** What follows from both for each key. */
  readonly keys: KeyStandings
  readonly #watchers: (() => void)[] = []

  /** `own`: this grove's own keys. Default: it has none. */
  constructor(ports: AccessPorts, own: OwnKeys = {}) {
    const changed = () => {
      for (const watcher of this.#watchers) watcher()
    }
    this.tokens = new Tokens(ports)
    this.standings = new Standings(ports, changed)
    this.members = new MemberLists(ports.records, changed)
    this.keys = new KeyStandings({ own, standings: this.standings, members: this.members })
  }

  async load(): Promise<void> {
    await Promise.all([this.tokens.load(), this.standings.load(), this.members.load()])
  }

  /** Calls the watcher after each change of what is made of keys, but for what ends by itself. */
  watch(watcher: () => void): void {
    this.#watchers.push(watcher)
  }
}
