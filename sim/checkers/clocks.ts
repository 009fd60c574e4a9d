import { GROVE_CHALLENGE, requestHead, SIGNATURE_INPUT } from '../../src/signing/http-signature.ts'
import type { HttpAnswer, HttpRequest } from '../network/http.ts'

/** Clocks that are further apart are off, whatever the network has held up, in ms. */
const OFF_MS = 5 * 60_000

/** Watches whether groves say which clocks are off, where a call was refused for that. */
export class ClockWatch {
  /** By caller and address: where its call was refused, and its log has not said why. */
  readonly #untold = new Set<string>()
  readonly #told = new Set<string>()

  /** A grove at this address has answered a call by this machine. */
  answered(caller: string, address: string, request: HttpRequest, answer: HttpAnswer): void {
    const challenge = answer.headers[GROVE_CHALLENGE]
    const [, clock, reason] = String(challenge ?? '').split(' ')
    const created = requestHead(request.headers[SIGNATURE_INPUT] ?? '')?.created
    if (reason !== 'time' || created === undefined) return
    const isOff = Math.abs(Number(clock) - created * 1_000) > OFF_MS
    const place = `${caller} ${address}`
    if (isOff && !this.#told.has(place)) this.#untold.add(place)
  }

  /** A machine's log says that the clock of the grove at this address is off. */
  told(caller: string, address: string): void {
    const place = `${caller} ${address}`
    this.#told.add(place)
    this.#untold.delete(place)
  }

  /** What was never said, of these machines. */
  untold(machines: readonly { readonly name: string }[]): string[] {
    const isOne = (place: string) => machines.some(({ name }) => place.startsWith(`${name} `))
    return [...this.#untold].filter(isOne).map((place) => {
      const [caller, address] = place.split(' ')
      return `${caller} has not said that the clock at ${address} is off`
    })
  }
}
