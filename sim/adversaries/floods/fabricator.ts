import type { Cid } from '../../../src/core/cid.ts'
import type { DigestEntry } from '../../../src/core/wire/gossip.ts'
import { absentAnswer, type HttpAnswer, type HttpRequest } from '../../network/http.ts'
import { ManyAddresses } from './many-addresses.ts'

const PORTS = 6
const INVENTED = 60

/**
 * Invents better items than there are, ever new ones, as several peers of one host. What it really
 * has it serves, so that some of its advertisements hold true.
 */
export class Fabricator extends ManyAddresses {
  readonly #peers = this.open(PORTS)

  protected override act(): void {
    const target = this.randomMachine()
    if (target === undefined) return
    for (const peer of this.rng.sample(this.#peers, PORTS / 2))
      this.send(target, 'exchange', this.messageAs(peer, this.digest(target.name)))
  }

  protected override digest(to: string): DigestEntry[] {
    return [
      ...super.digest(to).slice(0, 10),
      ...Array.from({ length: INVENTED }, () => this.#invented()),
    ]
  }

  protected override onManifest(cid: Cid, request: HttpRequest): Promise<HttpAnswer> | HttpAnswer {
    const isOwn = this.works.some((work) => work.cid === cid)
    return isOwn ? super.onManifest(cid, request) : absentAnswer()
  }

  #invented(): DigestEntry {
    const cid = this.rng.cid() as Cid
    return this.rng.happens(0.5)
      ? { cid, metric: 'm0', value: -this.rng.next(), direction: 'minimize' }
      : { cid, metric: 'm1', value: 100 + this.rng.next(), direction: 'maximize' }
  }
}
