import type { DigestEntry, PeerInfo } from '../../src/core/wire/gossip.ts'
import { Adversary } from './adversary.ts'

/** Gives a victim's address as its own or an invented peer's, and lies in a victim's name. */
export class Impostor extends Adversary {
  protected override act(): void {
    const [target, victim] = this.rng.sample(this.context.machines, 2)
    if (target === undefined || victim === undefined) return
    const lies = this.#lies()
    const invented = this.idOf(`${this.name}-${this.rng.below(20)}`)
    this.send(
      target,
      'exchange',
      this.messageAs({ peerId: this.peerId, address: victim.address }, lies),
    )
    this.send(
      target,
      'exchange',
      this.messageAs({ peerId: invented, address: victim.address }, lies),
    )
    this.send(
      target,
      'exchange',
      this.messageAs({ peerId: victim.peer.peerId, address: this.address }, lies),
    )
    this.send(target, 'exchange', this.messageAs(victim.peer, lies))
    this.send(target, 'shuffle', { sender: this.info(), offered: this.offered() })
  }

  protected override offered(): PeerInfo[] {
    return this.context.machines.flatMap((machine, n) => [
      { ...this.info(), peerId: this.idOf(`${this.name}-${n}`), address: machine.address },
      { ...this.info(), peerId: machine.peer.peerId, address: this.address },
    ])
  }

  #lies(): DigestEntry[] {
    return this.truths().map((entry) => ({
      ...entry,
      value: entry.direction === 'minimize' ? -5 : 500,
    }))
  }
}
