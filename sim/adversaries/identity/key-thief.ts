import type { DigestEntry } from '../../../src/core/wire/gossip.ts'
import { Adversary } from '../adversary.ts'

/**
 * Has a copy of each key that a grove gives up, and calls others by it. Until a grove hears of the
 * change, nothing tells it from that key's own grove; then it must not take such a call.
 */
export class KeyThief extends Adversary {
  protected override act(): void {
    const name = this.#stolen()
    const target = this.randomMachine()
    if (name === undefined || target === undefined) return
    const key = this.idOf(name)
    const isKnown = () => target.node?.access.keys.isRetired(key) === true
    const wasKnown = isKnown()
    const body = this.#messageBy(name, this.digest(target.name))
    this.request(target, '/api/gossip/exchange', body).then(
      ({ statusCode, body: answer }) => {
        answer.destroy()
        if (wasKnown && isKnown() && statusCode < 400)
          this.context.violated(`${target.name} takes a call by ${key}, which was given up`)
      },
      () => {},
    )
  }

  protected override message(to: string): object {
    return this.#messageBy(this.#stolen() ?? this.name, this.digest(to))
  }

  #messageBy(name: string, digest: readonly DigestEntry[]): object {
    return this.messageAs({ peerId: this.idOf(name), address: this.address }, digest)
  }

  /** The name of a key. */
  #stolen(): string | undefined {
    return this.rng.pick(this.context.ledger.givenUp)
  }
}
