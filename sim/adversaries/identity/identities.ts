import type { SigningKey } from '../../../src/core/identity/ed25519.ts'
import { hexDigits } from '../../../src/core/random.ts'
import { SIGNATURE, signAnswer, signRequest } from '../../../src/signing/http-signature.ts'
import type { Keys } from '../../engine/keys.ts'
import type { Rng } from '../../engine/rng.ts'
import type { Timeline } from '../../engine/timeline.ts'
import type { Machine } from '../../machine/machine.ts'
import type { HttpAnswer, HttpRequest } from '../../network/http.ts'
import type { Mode } from '../../scenario/scenario.ts'

/** Hex digits of a signature's nonce. */
const NONCE_DIGITS = 32

interface Options {
  /** The adversary's own name. */
  readonly name: string
  readonly mode: Mode
  readonly keys: Keys
  readonly rng: Rng
  readonly timeline: Pick<Timeline, 'now'>
}

/** A call, as far as its signature covers it. */
interface Call {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body?: string
}

/**
 * The names under which an adversary appears. Where groves ask for signatures, each is a key of its
 * own, with which it signs; elsewhere it is a text, as every grove of 0.1 has it.
 */
export class Identities {
  readonly #options: Options
  readonly #keys = new Map<string, SigningKey>()

  constructor(options: Options) {
    this.#options = options
  }

  get #signs(): boolean {
    return ['signed', 'members'].includes(this.#options.mode)
  }

  /** The id of the peer that it calls by this name. */
  idOf(name: string): string {
    if (!this.#signs) return name
    const key = this.#options.keys.of(name)
    this.#keys.set(key.peerId, key)
    return key.peerId
  }

  /**
   * The headers that sign a call: by the key in whose name it is, if that is one of its own.
   * Undefined where it signs nothing.
   */
  headersFor(to: Machine, call: Call): Promise<Record<string, string>> | undefined {
    if (!this.#signs) return undefined
    const { method, path, body } = call
    const { rng } = this.#options
    const target = `${to.address}${path}`
    const receiver = to.key === undefined ? {} : { to: to.key.peerId }
    return signRequest(
      this.#signerOf(body),
      { method, target, ...(body !== undefined && { body }), ...receiver },
      { created: Math.floor(to.clock.now() / 1_000), nonce: hexDigits(rng, NONCE_DIGITS) },
    )
  }

  /** The answer, signed in the same way where the request was. */
  async seal({ headers }: HttpRequest, answer: HttpAnswer): Promise<HttpAnswer> {
    const signature = headers[SIGNATURE]
    const isJson = answer.headers['content-type'] === 'application/json'
    if (!this.#signs || signature === undefined || !isJson) return answer
    if (!(answer.body instanceof Uint8Array)) return answer
    const body = Buffer.from(answer.body).toString()
    const signed = await signAnswer(
      this.#signerOf(body),
      { status: answer.status, body },
      { signature, created: Math.floor(this.#options.timeline.now / 1_000) },
    )
    return { ...answer, headers: { ...answer.headers, ...signed } }
  }

  #signerOf(body = '{}'): SigningKey {
    return this.#keys.get(speakerOf(body) ?? '') ?? this.#options.keys.of(this.#options.name)
  }
}

/** In whose name a message is. */
function speakerOf(body: string): string | undefined {
  try {
    const { peerId, sender } = JSON.parse(body) as Partial<{
      peerId: string
      sender: { peerId: string }
    }>
    return peerId ?? sender?.peerId
  } catch {
    return undefined
  }
}
