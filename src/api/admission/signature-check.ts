import { BoundedMap } from '../../concurrency/bounded.ts'
import { Bucket } from '../../concurrency/bucket.ts'
import { GroveError } from '../../core/errors.ts'
import type { KeyId } from '../../core/identity/ed25519.ts'
import type { AdmissionMode } from '../../core/peers/admission.ts'
import { isAccepted, isListed, type KeysView } from '../../core/peers/counting.ts'
import { ALTERED } from '../../core/wire/access.ts'
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
import { busyFor } from './busy.ts'
import { FairGate } from './fair-gate.ts'
import { Nonces } from './nonces.ts'
import type { OwnAddresses } from './own-addresses.ts'
import { SignatureClock } from './signature-clock.ts'

/** The longest life of a signature, in seconds, that is believed. */
const LIFE_MAX_S = 120
/** Signatures of a host that may fail at once; then one in FAILURE_MS. */
const FAILURES_MAX = 100
/** How often one more signature of a host may fail. */
const FAILURE_MS = 50
/** When to come again where used nonces have taken all room: some are forgotten by then. */
const NONCE_WAIT_MS = 5_000
/** Signatures that are verified at once: as many as the system's pool has threads. */
const VERIFIED_AT_ONCE = 4
/** Hosts whose failures are counted. */
const FAILING_MAX = 4_096

/** Why a signature can't be taken, though its caller may well be able to make another. */
type ChallengeReason = 'receiver' | 'time' | 'target'

export interface SignatureOptions {
  readonly peerId: KeyId
  readonly own: Pick<OwnAddresses, 'candidates'>
  /** What is made of keys here. */
  readonly keys: KeysView
  readonly clock: Clock
  readonly admission: AdmissionMode
  /** By which requests are verified. Default: those of the system. */
  readonly knownKeys?: KnownKeys | undefined
  /** Hex digits that nobody can guess. */
  readonly secret: string
  /** Throws `busy` for a key that has used its part already. */
  readonly check: (keyid: KeyId, request: ApiRequest) => void
  /** Told of each caller that is refused for being unknown. */
  readonly onStranger: () => void
}

type GroveCaller = Extract<ApiCaller, { readonly kind: 'grove' }>

/** Finds out which grove signed a request. What is cheap to check is checked first. */
export class SignatureCheck {
  readonly #options: SignatureOptions
  readonly #keys: KnownKeys
  readonly #nonces: Nonces
  readonly #clock: SignatureClock
  readonly #gate: FairGate
  readonly #failures = new BoundedMap<string, Bucket>(FAILING_MAX)

  constructor(options: SignatureOptions) {
    this.#options = options
    this.#keys = options.knownKeys ?? new KnownKeys()
    this.#nonces = new Nonces(options)
    this.#clock = new SignatureClock(options.clock)
    this.#gate = new FairGate({ most: VERIFIED_AT_ONCE, now: options.clock.now })
  }

  /**
   * Throws `unauthorized` for a signature that can't be taken, with a challenge where another one
   * could; `forbidden` for a grove that isn't admitted, `busy` for one that signs too much, and for
   * a host whose signatures fail.
   */
  async callerOf(request: ApiRequest, mayBeNew = false): Promise<GroveCaller> {
    const head = headOf(request)
    this.#checkStanding(head.keyid, mayBeNew)
    this.#options.check(head.keyid, request)
    const now = this.#options.clock.now()
    const host = hostOf(request)
    const waitMs = this.#failures.get(host)?.waitMs(now) ?? 0
    if (waitMs > 0) throw busyFor(waitMs, 'too many signatures from there do not hold')
    try {
      this.#checkTime(head)
      this.#checkReceiver(head, request)
      await this.#verify(head, request)
    } catch (error) {
      this.#failuresOf(host).tryTake(now)
      throw error
    }
    return { kind: 'grove', peerId: head.keyid }
  }

  #checkStanding(keyid: KeyId, mayBeNew: boolean): void {
    const standing = this.#options.keys.of(keyid)
    if (standing === 'blocked')
      throw new GroveError('forbidden', {}, { message: `${keyid} is blocked here` })
    if (this.#options.keys.isRetired(keyid))
      throw new GroveError('forbidden', {}, { message: `${keyid} was given up for another key` })
    if (mayBeNew || isAccepted(this.#options.admission, standing)) return
    if (standing === undefined) this.#options.onStranger()
    const message =
      `this grove admits groves that are trusted or members here (--admission members), and ` +
      `${keyid} is neither, by the lists that it has: who has just joined is let in soon; else ` +
      `\`grove peers trust ${keyid}\`, run there by its operator, lets it in`
    throw new GroveError('forbidden', {}, { message })
  }

  #checkTime(head: SignatureHead): void {
    const why = this.#whyNotNow(head)
    if (why !== undefined) throw this.#challenge('time', why)
  }

  #whyNotNow({ created, expires }: SignatureHead): string | undefined {
    const nowS = this.#clock.nowS()
    if (!this.#clock.isNear(created)) return offBy(created - nowS)
    if (!this.#clock.takes(created)) return tooEarly
    if (expires <= created || expires > created + LIFE_MAX_S) return wrongLife
    return expires < nowS ? `it expired ${spanOf(nowS - expires)} ago` : undefined
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
    if (this.#nonces.has(head)) throw used()
    const host = hostOf(request)
    const key = this.#keys.get(head.keyid)
    const { addresses, isOwn } = this.#options.own.candidates(request.header('host'))
    const headers = headersOf(request)
    for (const address of addresses) {
      const target = address + request.path + (request.search === '' ? '' : `?${request.search}`)
      const signed = { method: request.method, target, headers }
      if (key !== undefined && (await this.#gate.run(host, () => holds(signed, key))))
        return this.#use(head, host)
    }
    if (!isOwn) throw this.#challenge('target', notOurs(request.header('host')))
    throw new GroveError('unauthorized', { fault: ALTERED }, { message: altered })
  }

  /** Only now: else anybody could use up the nonces of others. */
  #use(head: SignatureHead, host: string): void {
    // It has taken its time to verify: what is too old by now may have been forgotten.
    this.#checkTime(head)
    const isKnown = isListed(this.#options.keys.of(head.keyid))
    const owner = { isListed: isKnown, name: isKnown ? head.keyid : host }
    const what = this.#nonces.use(head, owner, this.#clock.nowS())
    if (what === 'used') throw used()
    if (what === 'full') throw busyFor(NONCE_WAIT_MS, 'too many signed requests: come later')
  }

  #challenge(reason: ChallengeReason, why: string): GroveError {
    const challenge = `${this.#options.peerId} ${this.#clock.challengeMs()} ${reason}`
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

const altered =
  'the signature does not hold: what it was made of has changed on its way, as by a proxy that ' +
  'rewrites paths, queries or headers'

const hostOf = ({ host = 'unknown' }: ApiRequest): string => host

/** A signature that this grove can read, over all that it has to cover. Throws `unauthorized`. */
function headOf(request: ApiRequest): SignatureHead {
  const head = requestHead(request.header(SIGNATURE_INPUT) ?? '')
  const digest = request.header(CONTENT_DIGEST)
  if (head === undefined || head.coversBody !== (digest !== undefined)) throw malformed()
  if (hasBody(request) && !head.coversBody) throw malformed()
  return head
}

/** Whether it has a body, by its headers where its method leaves that open. */
function hasBody(request: ApiRequest): boolean {
  if (!['GET', 'HEAD'].includes(request.method)) return true
  const isChunked = request.header('transfer-encoding') !== undefined
  return isChunked || Number(request.header('content-length') ?? 0) !== 0
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

const tooEarly = 'it was signed before this grove started'

const wrongLife = `it has to expire within ${LIFE_MAX_S} s after it was made`

function offBy(seconds: number): string {
  const side = seconds > 0 ? 'ahead of' : 'behind'
  return `the clock of the caller is ${spanOf(seconds)} ${side} this grove's`
}

/** A span of seconds in words: `2 h 0 min`. */
function spanOf(seconds: number): string {
  if (Math.abs(seconds) < 60) return `${Math.abs(seconds)} s`
  const all = Math.round(Math.abs(seconds) / 60)
  return all < 60 ? `${all} min` : `${Math.floor(all / 60)} h ${all % 60} min`
}
