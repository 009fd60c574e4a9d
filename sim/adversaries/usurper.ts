import type { PeerAddress } from '../../src/core/peers/peer.ts'
import type { PeerInfo } from '../../src/core/wire/gossip.ts'
import type { Machine } from '../machine/machine.ts'
import { absentAnswer, type HttpAnswer } from '../network/http.ts'
import { Adversary } from './adversary.ts'

/**
 * Takes the place of a grove, above all of one that is down: it answers with its id, and gives its
 * address as its own. It serves nothing.
 */
export class Usurper extends Adversary {
  protected override act(): void {
    const victim = this.#victim()
    if (victim === undefined) return
    const asVictim = { peerId: victim.peer.peerId, address: this.address }
    const atVictims = { peerId: this.peerId, address: victim.address }
    for (const target of this.context.machines.filter((machine) => machine !== victim)) {
      for (const self of [asVictim, atVictims, victim.peer])
        this.send(target, 'exchange', this.messageAs(self, this.digest(target.name)))
      const sender = { ...this.info(), ...asVictim }
      this.send(target, 'shuffle', { sender, offered: this.offered() })
    }
  }

  protected override message(to: string): object {
    return this.messageAs(this.#takenId(), this.digest(to))
  }

  protected override offered(): PeerInfo[] {
    return this.context.machines.map(({ peer }) => ({ ...this.info(), peerId: peer.peerId }))
  }

  protected override onManifest(): HttpAnswer {
    return absentAnswer()
  }

  protected override async onBlob(): Promise<HttpAnswer> {
    return absentAnswer()
  }

  #takenId(): PeerAddress {
    return { peerId: this.#victim()?.peer.peerId ?? this.peerId, address: this.address }
  }

  #victim(): Machine | undefined {
    const { machines } = this.context
    const down = machines.filter(({ node }) => node === undefined)
    return this.rng.pick(down.length > 0 ? down : machines)
  }
}
