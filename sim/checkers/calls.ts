import { SIGNATURE } from '../../src/signing/http-signature.ts'
import type { CarriedRequest } from '../../src/transport/dialler.ts'
import type { HttpRequest } from '../network/http.ts'

/** What was signed, as far as an answer may depend on it. */
type Called = Pick<CarriedRequest, 'origin' | 'method' | 'path' | 'body'>

/**
 * Watches signed calls. Each is taken by one grove at most, once, and nothing is answered in the
 * name of a key but what that key has signed for this place.
 */
export class CallWatch {
  readonly #violated: (what: string) => void
  readonly #sent = new Map<string, Called>()
  /** By signature, the grove that has taken the call. */
  readonly #takenBy = new Map<string, string>()

  constructor(violated: (what: string) => void) {
    this.#violated = violated
  }

  /** Somebody makes a call. The first to send a signature is who has made it. */
  sent({ origin, method, path, body, headers }: CarriedRequest): void {
    const signature = headers[SIGNATURE]
    if (signature === undefined || this.#sent.has(signature)) return
    this.#sent.set(signature, { origin, method, path, ...(body !== undefined && { body }) })
  }

  /** A grove lets a call in by its signature. */
  taken(name: string, signature: string): void {
    const before = this.#takenBy.get(signature)
    if (before !== undefined)
      this.#violated(`${name} takes a signature that ${before} has taken before`)
    this.#takenBy.set(signature, name)
  }

  /** A grove at this address has answered. */
  answered(name: string, address: string, status: number, request: HttpRequest): void {
    const signature = request.headers[SIGNATURE]
    if (status >= 400 || signature === undefined || !this.#takenBy.has(signature)) return
    const sent = this.#sent.get(signature)
    if (sent?.origin !== address || textOf(sent) !== textOf(request))
      this.#violated(`${name} answers ${request.method} ${request.path}, which nobody has signed`)
  }
}

/** Nobody reads the body of a GET, which has none. */
const textOf = ({ method, path, body }: Pick<CarriedRequest, 'method' | 'path' | 'body'>): string =>
  `${method} ${path} ${method === 'POST' ? (body ?? '') : ''}`
