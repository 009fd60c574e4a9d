import { BoundedMap } from '../../concurrency/bounded.ts'
import { Bucket } from '../../concurrency/bucket.ts'
import { GroveError } from '../../core/errors.ts'
import type { Tokens } from '../../node/access/tokens.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Permission } from '../answer/permission.ts'
import type { ApiRequest } from '../answer/request.ts'
import type { ApiCaller } from './access.ts'
import { busyFor } from './busy.ts'

/** Wrong tokens that a host may give at once; then one in WRONG_TOKEN_MS. */
const WRONG_TOKENS_MAX = 10
/** How often a host may give one more wrong token. */
const WRONG_TOKEN_MS = 6_000
/** Hosts whose wrong tokens are counted. */
const GUESSERS_MAX = 4_096
/** Longer headers are not looked at. */
const HEADER_MAX_CHARS = 256

type TokenCaller = Extract<ApiCaller, { readonly kind: 'token' }>

/** Finds out whose token a request carries. A host that gives wrong ones is soon not heard. */
export class TokenCheck {
  readonly #tokens: Pick<Tokens, 'recordOf' | 'watch'>
  readonly #clock: Clock
  readonly #guesses = new BoundedMap<string, Bucket>(GUESSERS_MAX)

  constructor({ tokens, clock }: { tokens: Pick<Tokens, 'recordOf' | 'watch'>; clock: Clock }) {
    this.#tokens = tokens
    this.#clock = clock
  }

  /**
   * Undefined for a request without a bearer token (RFC 6750 §2.1). Throws `unauthorized` for one
   * that is wrong or has expired, and `busy` for any once the host has given too many.
   */
  callerOf(request: ApiRequest): TokenCaller | undefined {
    const token = bearerOf(request.header('authorization'))
    if (token === undefined) return undefined
    const now = this.#clock.now()
    const host = request.host ?? 'unknown'
    const waitMs = this.#guesses.get(host)?.waitMs(now) ?? 0
    if (waitMs > 0) throw busyFor(waitMs, tooManyWrong)
    const record = this.#tokens.recordOf(token)
    if (record === undefined) {
      this.#guessesOf(host).tryTake(now)
      throw new GroveError('unauthorized', {}, { message: unknownToken })
    }
    const { id, scope, expiresAt } = record
    if (expiresAt !== undefined && expiresAt <= now)
      throw new GroveError('unauthorized', { id }, { message: `the token ${id} has expired` })
    return { kind: 'token', id, scope }
  }

  /** What the token allows a caller lasts until it is revoked or expires. */
  permissionOf({ id }: TokenCaller): Permission {
    const ending = new AbortController()
    const message = `the token ${id} was revoked, or has expired`
    const end = () => ending.abort(new GroveError('unauthorized', { id }, { message }))
    return { signal: ending.signal, release: this.#tokens.watch(id, end) }
  }

  #guessesOf(host: string): Bucket {
    const known = this.#guesses.get(host)
    if (known !== undefined) return known
    const bucket = new Bucket(WRONG_TOKENS_MAX, WRONG_TOKEN_MS)
    this.#guesses.set(host, bucket)
    return bucket
  }
}

const tooManyWrong = 'too many wrong tokens came from there'
const unknownToken =
  'this grove has no such token: it was mistyped, revoked, or is of another grove'

function bearerOf(header: string | undefined): string | undefined {
  const [, token] = /^bearer +(.*)$/i.exec(header?.slice(0, HEADER_MAX_CHARS) ?? '') ?? []
  return token?.trim()
}
