import { GROVE_TO, SIGNATURE } from '../../../src/signing/http-signature.ts'
import type { CarriedRequest } from '../../../src/transport/dialler.ts'
import type { Machine } from '../../machine/machine.ts'
import { Adversary } from '../adversary.ts'

const WITHHELD = 0.05
const REPLAYED = 0.1
const RECORDS_MAX = 200
const BURST = 3

/**
 * Somebody on the network between groves. It hears what they say and sends it again: at once, later
 * and after restarts, to the same grove and to others. Some calls it withholds, and sends them
 * changed, or late.
 */
export class Interceptor extends Adversary {
  readonly #records: CarriedRequest[] = []

  constructor(...options: ConstructorParameters<typeof Adversary>) {
    super(...options)
    this.context.network.tap((client, request, to) => {
      if (!client.honest || to?.honest !== true || request.headers[SIGNATURE] === undefined)
        return false
      return this.#overhear(request)
    })
  }

  protected override act(): void {
    for (let n = 0; n < BURST; n++) {
      const record = this.rng.pick(this.#records)
      if (record !== undefined) this.#send(this.#changed(record))
    }
  }

  /** Whether it withholds the call. */
  #overhear(request: CarriedRequest): boolean {
    if (this.#records.length < RECORDS_MAX) this.#records.push(request)
    else this.#records[this.rng.below(RECORDS_MAX)] = request
    if (this.rng.happens(REPLAYED)) this.#send(request)
    if (!this.rng.happens(WITHHELD)) return false
    this.#send(this.#changed(request))
    return true
  }

  #changed(request: CarriedRequest): CarriedRequest {
    const other = this.randomMachine()
    switch (this.rng.below(6)) {
      case 0:
        return { ...request, origin: other?.address ?? request.origin }
      case 1: {
        const headers = { ...request.headers, [GROVE_TO]: other?.key?.peerId ?? '' }
        return { ...request, origin: other?.address ?? request.origin, headers }
      }
      case 2:
        return { ...request, body: request.body?.replace(/\d/, '7') ?? '{}' }
      case 3:
        return { ...request, path: '/api/gossip/peers' }
      case 4:
        return { ...request, method: request.method === 'GET' ? 'HEAD' : 'GET' }
      default:
        return request
    }
  }

  #send({ origin, signal: _, ...request }: CarriedRequest): void {
    const target = this.context.machines.find(({ address }) => address === origin)
    if (target === undefined) return
    this.#later(target, request)
  }

  #later(target: Machine, request: Omit<CarriedRequest, 'origin'>): void {
    this.call(target, request).then(
      ({ body }) => body.destroy(),
      () => {},
    )
  }
}
