import type { Machine } from '../../machine/machine.ts'
import type { HttpAnswer, HttpRequest } from '../../network/http.ts'
import { Adversary } from '../adversary.ts'

/**
 * A host that looks like a grove because it hands on each call to one, and its answers back. It
 * gives its own address to others as that grove's.
 */
export class Relay extends Adversary {
  readonly #victim: Machine | undefined = this.randomMachine()

  /** Now and then it answers itself, so that others go on calling it. */
  override async handle(request: HttpRequest): Promise<HttpAnswer> {
    const victim = this.#victim
    if (victim === undefined || this.rng.happens(0.3)) return super.handle(request)
    const host = new URL(this.rng.happens(0.5) ? this.address : victim.address).host
    return victim.handle({ ...request, headers: { ...request.headers, host } })
  }

  protected override act(): void {
    super.act()
    const victim = this.#victim
    const target = this.randomMachine()
    if (victim === undefined || target === undefined) return
    const asVictim = { peerId: victim.peer.peerId, address: this.address }
    this.send(target, 'exchange', this.messageAs(asVictim, []))
    const sender = { ...this.info(), ...asVictim }
    this.send(target, 'shuffle', { sender, offered: [sender] })
  }
}
