import type { DigestEntry } from '../../src/core/wire/gossip.ts'
import { Adversary } from './adversary.ts'

/** Advertises other values of the same contributions to each peer, under other names. */
export class Equivocator extends Adversary {
  protected override digest(to: string): DigestEntry[] {
    const shift = to.charCodeAt(to.length - 1) % 4
    return this.truths().map((entry) => ({
      ...entry,
      value: entry.value + (shift === 0 ? 0 : entry.direction === 'minimize' ? -shift : shift),
    }))
  }

  protected override message(to: string): object {
    const peerId = this.rng.happens(0.5) ? this.peerId : this.idOf(`${this.name}-to-${to}`)
    return this.messageAs({ peerId, address: this.address }, this.digest(to))
  }
}
