import type { PeerAddress } from '../../../src/core/peers/peer.ts'
import type { PeerInfo } from '../../../src/core/wire/gossip.ts'
import { absentAnswer, type HttpAnswer } from '../../network/http.ts'
import { ManyAddresses } from './many-addresses.ts'

const PORTS = 20
const PATHS = 20
const BURST = 3

/**
 * Fills views with one host: by ports, and by paths of its address. It serves nothing, so that what
 * a grove tells to such a view reaches nobody.
 */
export class Crowder extends ManyAddresses {
  readonly #names: readonly PeerAddress[] = [
    ...this.open(PORTS),
    ...Array.from({ length: PATHS }, (_, n) => ({
      peerId: this.idOf(`${this.name}-at-${n}`),
      address: `${this.address}/p${n}`,
    })),
  ]

  protected override act(): void {
    for (let n = 0; n < BURST; n++) {
      const target = this.randomMachine()
      const self = this.rng.pick(this.#names)
      if (target === undefined || self === undefined) return
      this.send(target, 'exchange', this.messageAs(self, []))
      this.send(target, 'shuffle', { sender: { ...this.info(), ...self }, offered: this.offered() })
    }
  }

  protected override offered(): PeerInfo[] {
    return this.#names.map((peer) => ({ ...this.info(), ...peer }))
  }

  protected override digest(): [] {
    return []
  }

  protected override onManifest(): HttpAnswer {
    return absentAnswer()
  }
}
