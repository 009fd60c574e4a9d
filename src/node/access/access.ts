import { Standings } from './standings.ts'
import { type AccessPorts, Tokens } from './tokens.ts'

/** Who may call this grove from other machines, as far as its operator has said. */
export class Access {
  readonly tokens: Tokens
  readonly standings: Standings

  constructor(ports: AccessPorts) {
    this.tokens = new Tokens(ports)
    this.standings = new Standings(ports)
  }

  async load(): Promise<void> {
    await Promise.all([this.tokens.load(), this.standings.load()])
  }
}
