import { BoundedMap } from '../../concurrency/bounded.ts'
import { Bucket } from '../../concurrency/bucket.ts'
import { GroveError } from '../../core/errors.ts'
import type { KeyId } from '../../core/identity/ed25519.ts'
import type { AdmissionMode } from '../../core/peers/admission.ts'
import type { StandingsView } from '../../node/context.ts'
import type { Clock } from '../../ports/clock.ts'
import {
  CONTENT_DIGEST,
  GROVE_TO,
  holds,
  requestHead,
  SIGNATURE,
  SIGNATURE_INPUT,
  type SignatureHead,
} from '../../signing/http-signature.ts'
import { KnownKeys } from '../../signing/known-keys.ts'
import type { ApiRequest } from '../answer/request.ts'
import type { ApiCaller } from './access.ts'
import { Nonces } from './nonces.ts'
import type { OwnAddresses } from './own-addresses.ts'

/** How far a caller's clock may be from this grove's. */
const CLOCK_TOLERANCE_S = 60
/** Signatures of a host that may fail at once; then one in FAILURE_MS. */
const FAILURES_MAX = 100
/** How often one more signature of a host may fail. */
const FAILURE_MS = 50
/** Hosts whose failures are counted. */
const FAILING_MAX = 4_096

/** Why a signature can't be taken, though its caller may well be able to make another. */
type ChallengeReason = 'receiver' | 'time' | 'target'

export interface SignatureOptions {
  readonly peerId: KeyId
  readonly own: Pick<OwnAddresses, 'candidates'>
  readonly standings: StandingsView
  readonly clock: Clock
  readonly admission: AdmissionMode
  /** By which requests are verified. Default: those of the system. */
  readonly keys?: KnownKeys | undefined
}

type GroveCaller = Extract<ApiCaller, { readonly kind: 'grove' }>

/** Finds out which grove signed a request. What is cheap to check is checked first. */
export class SignatureCheck {
  readonly #options: SignatureOptions
  readonly #keys: KnownKeys
  readonly #nonces = new Nonces()
  readonly #failures = new BoundedMap<string, Bucket>(FAILING_MAX)
  /** What was signed before, in Unix seconds, may have been taken before a restart. */
  readonly #sinceS: number

  constructor(options: SignatureOptions) {
    this.#options = options
    this.#keys = options.keys ?? new KnownKeys()
    this.#sinceS = Math.floor(options.clock.now() / 1_000)
  }

  /**
   * Throws `unauthorized` for a signature that can't be taken, with a challenge where another one
   * could; `forbidden` for a grove that isn't admitted, `busy` for one that signs too much, and for
   * a host whose signatures fail.
   */
  async callerOf(request: ApiRequest): Promise<GroveCaller> {
    const head = headOf(request)
    this.#checkStanding(head.keyid)
    const now = this.#options.clock.now()
    const host = request.host ?? 'unknown'
    if (this.#failures.get(host)?.hasToken(now) === false)
      throw new GroveError('busy', {}, { message: 'too many signatures from there do not hold' })
    try {
      this.#checkTime(head, now)
      this.#checkReceiver(head, request)
      await this.#verify(head, request)
    } catch (error) {
      this.#failuresOf(host).tryTake(now)
      throw error
    }
    return { kind: 'grove', peerId: head.keyid }
  }

  #checkStanding(keyid: KeyId): void {
    const standing = this.#options.standings.of(keyid)
    if (standing === 'blocked')
      throw new GroveError('forbidden', {}, { message: `${keyid} is blocked here` })
    if (this.#options.admission !== 'members' || standing === 'trusted') return
    const message =
      `this grove admits groves that its operator has listed (--admission members), and ` +
      `${keyid} is not among them: \`grove peers trust ${keyid}\` lists it`
    throw new GroveError('forbidden', {}, { message })
  }

  #checkTime({ created, expires }: SignatureHead, now: number): void {
    const nowS = now / 1_000
    const isNear = Math.abs(created - nowS) <= CLOCK_TOLERANCE_S
    const isShort = expires > created && expires <= created + 2 * CLOCK_TOLERANCE_S
    if (isNear && isShort && created >= this.#sinceS) return
    const by = created - nowS
    const side = by > 0 ? 'ahead of' : 'behind'
    const message = `the clock of the caller is ${spanOf(by)} ${side} this grove's`
    throw this.#challenge('time', isNear ? 'it was signed before this grove started' : message)
  }

  #checkReceiver({ coversReceiver }: SignatureHead, request: ApiRequest): void {
    const { peerId, admission } = this.#options
    const to = request.header(GROVE_TO)
    if (coversReceiver !== (to !== undefined)) throw malformed()
    if (to === peerId || (to === undefined && admission === 'open')) return
    const message = to === undefined ? 'it names no receiver' : 'it is for another grove'
    throw this.#challenge('receiver', `${message}: this one is ${peerId}`)
  }

  async #verify(head: SignatureHead, request: ApiRequest): Promise<void> {
    const { keyid, nonce } = head
    if (this.#nonces.has(keyid, nonce)) throw used()
    const key = this.#keys.get(keyid)
    const { addresses, isOwn } = this.#options.own.candidates(request.header('host'))
    const headers = headersOf(request)
    for (const address of addresses) {
      const target = address + request.path + (request.search === '' ? '' : `?${request.search}`)
      const signed = { method: request.method, target, headers }
      if (key !== undefined && (await holds(signed, key))) return this.#use(head)
    }
    if (!isOwn) throw this.#challenge('target', notOurs(request.header('host')))
    throw new GroveError('unauthorized', {}, { message: 'the signature does not hold' })
  }

  /** Only now: else anybody could use up the nonces of others. */
  #use({ keyid, nonce }: SignatureHead): void {
    const what = this.#nonces.use(keyid, nonce, Math.floor(this.#options.clock.now() / 1_000))
    if (what === 'used') throw used()
    if (what === 'full')
      throw new GroveError('busy', {}, { message: 'too many signed requests: come later' })
  }

  #challenge(reason: ChallengeReason, why: string): GroveError {
    const { peerId, clock } = this.#options
    const challenge = `${peerId} ${clock.now()} ${reason}`
    const message = `the signature can't be taken: ${why}`
    return new GroveError('unauthorized', { challenge }, { message })
  }

  #failuresOf(host: string): Bucket {
    const known = this.#failures.get(host)
    if (known !== undefined) return known
    const bucket = new Bucket(FAILURES_MAX, FAILURE_MS)
    this.#failures.set(host, bucket)
    return bucket
  }
}

/** A signature that this grove can read, over all that it has to cover. Throws `unauthorized`. */
function headOf(request: ApiRequest): SignatureHead {
  const head = requestHead(request.header(SIGNATURE_INPUT) ?? '')
  const hasBody = !['GET', 'HEAD'].includes(request.method)
  const digest = request.header(CONTENT_DIGEST)
  if (head === undefined || head.coversBody !== (digest !== undefined)) throw malformed()
  if (hasBody && !head.coversBody) throw malformed()
  return head
}

function headersOf(request: ApiRequest): Record<string, string> {
  const names = [SIGNATURE, SIGNATURE_INPUT, CONTENT_DIGEST, GROVE_TO]
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = request.header(name)
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

const malformed = () =>
  new GroveError('unauthorized', {}, { message: 'the signature has another form than groves make' })

const used = () =>
  new GroveError('unauthorized', {}, { message: 'the signature was used before: it counts once' })

const notOurs = (host = 'nothing') =>
  `it was sent to ${host.slice(0, 200)}, which is no address of this grove: ` +
  '--public-url or --allow-host there names it'

/** A span of seconds in words: `2 h 0 min`. */
function spanOf(seconds: number): string {
  const all = Math.round(Math.abs(seconds) / 60)
  return all < 60 ? `${all} min` : `${Math.floor(all / 60)} h ${all % 60} min`
}
