import type { DigestEntry } from '../../src/core/wire/gossip.ts'
import { Adversary } from './adversary.ts'

/**
 * Advertises contributions with better values or the other direction, and serves them as they are.
 */
export class Forger extends Adversary {
  protected override digest(): DigestEntry[] {
    return this.truths().map((entry) => {
      if (this.rng.happens(0.5))
        return { ...entry, value: entry.direction === 'minimize' ? -1 : 1_000 }
      return { ...entry, direction: entry.direction === 'minimize' ? 'maximize' : 'minimize' }
    })
  }
}
