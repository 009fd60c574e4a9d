import type { Cid } from '../../../src/core/cid.ts'
import { DIGEST_MAX_ENTRIES, SHUFFLE_MAX_PEERS } from '../../../src/core/limits.ts'
import type { DigestEntry, PeerInfo } from '../../../src/core/wire/gossip.ts'
import { absentAnswer, type HttpAnswer } from '../../network/http.ts'
import { Adversary } from '../adversary.ts'

const BURST = 1
const METRICS = 40

/**
 * Sends full digests of invented items and full shuffles of invented peers, under ever new names.
 */
export class Flooder extends Adversary {
  protected override act(): void {
    for (let n = 0; n < BURST; n++) {
      const target = this.randomMachine()
      if (target === undefined) return
      const self = {
        peerId: this.idOf(`${this.name}-${this.rng.below(50)}`),
        address: this.address,
      }
      this.send(target, 'exchange', this.messageAs(self, this.digest()))
      this.send(target, 'shuffle', { sender: { ...this.info(), ...self }, offered: this.offered() })
    }
  }

  protected override digest(): DigestEntry[] {
    return Array.from({ length: DIGEST_MAX_ENTRIES }, () => ({
      cid: this.rng.cid() as Cid,
      metric: this.rng.happens(0.5) ? 'm0' : `flood-${this.rng.below(METRICS)}`,
      value: -this.rng.next(),
      direction: 'minimize',
    }))
  }

  protected override offered(): PeerInfo[] {
    return Array.from({ length: SHUFFLE_MAX_PEERS }, () => {
      const n = this.rng.below(60_000)
      return {
        ...this.info(),
        peerId: `nobody-${n}`,
        address: `http://10.9.${n >> 8}.${n & 255}:4515`,
      }
    })
  }

  protected override onManifest(): HttpAnswer {
    return absentAnswer()
  }
}
