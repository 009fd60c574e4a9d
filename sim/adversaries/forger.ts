import type { DigestEntry } from '../../src/core/wire/gossip.ts'
import { Adversary } from './adversary.ts'

/** Claims better values than there are, or the other direction, of contributions that exist; serves what it is asked for. */
export class Forger extends Adversary {
  protected override digest(): DigestEntry[] {
    return this.truths().map((entry) => {
      if (this.chance.happens(0.5))
        return { ...entry, value: entry.direction === 'minimize' ? -1 : 1_000 }
      return { ...entry, direction: entry.direction === 'minimize' ? 'maximize' : 'minimize' }
    })
  }
}
