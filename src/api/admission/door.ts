import { BoundedMap } from '../../concurrency/bounded.ts'
import { Bucket } from '../../concurrency/bucket.ts'
import { GroveError } from '../../core/errors.ts'
import type { SigningKey } from '../../core/identity/ed25519.ts'
import { includes, type Scope } from '../../core/identity/token.ts'
import { isLoopback } from '../../core/loopback.ts'
import type { AdmissionMode } from '../../core/peers/admission.ts'
import { isListed } from '../../core/peers/counting.ts'
import type { Access } from '../../node/access/access.ts'
import type { Clock } from '../../ports/clock.ts'
import {
  GROVE_CHALLENGE,
  SIGNATURE,
  SIGNATURE_INPUT,
  signAnswer,
} from '../../signing/http-signature.ts'
import type { KnownKeys } from '../../signing/known-keys.ts'
import type { Permission } from '../answer/permission.ts'
import type { ApiRequest } from '../answer/request.ts'
import type { ApiResponse } from '../answer/response.ts'
import { type AccessKind, type ApiCaller, accessTable } from './access.ts'
import { Allowances } from './allowances.ts'
import type { OwnAddresses } from './own-addresses.ts'
import { Readers } from './readers.ts'
import { SignatureCheck } from './signature-check.ts'
import { TokenCheck } from './token-check.ts'

export interface AdmissionOptions {
  readonly access: Access
  readonly clock: Clock
  /** Default: `open`. */
  readonly admission?: AdmissionMode | undefined
  /**
   * Whether a reverse proxy carries the internet to this grove, so that a connection from this
   * machine may be anybody's.
   */
  readonly isBehindProxy?: boolean
  /** Whether everybody may read contributions. Default: they may not. */
  readonly anonymousRead?: boolean
  /** The hosts that have had to wait lately. Default: nobody ever does. */
  readonly waiters?: () => readonly string[]
  /** The grove's key and addresses. Without them it takes no signature. */
  readonly signing?: SigningOptions | undefined
}

/** By what a grove's own signatures, and those of its callers, are made and checked. */
export interface SigningOptions {
  readonly key: SigningKey
  readonly own: OwnAddresses
  /** By which requests are verified. Default: those of the system. */
  readonly knownKeys?: KnownKeys
  /** Hex digits that nobody can guess. */
  readonly secret: string
}

/** Joins that a host may try at once. */
const JOINS_MAX = 10
/** How often a host may try one more. */
const JOIN_MS = 12_000
/** Hosts whose joins are counted. */
const JOINING_MAX = 4_096
/** Joins that all hosts together may try at once: some have many addresses. */
const ALL_JOINS_MAX = 200
/** How often they may try one more. */
const ALL_JOINS_MS = 300

/** An answer, and what it answers. */
export interface Reply {
  readonly request: ApiRequest
  readonly caller: ApiCaller
  readonly response: ApiResponse
}

/**
 * Lets callers in, or says why not, before anything of a request but its head is read. What it
 * needs to know is in memory: a stranger costs no disk, no call and no hash of a body.
 */
export class Door {
  readonly #options: AdmissionOptions
  readonly #tokens: TokenCheck
  readonly #signatures: SignatureCheck | undefined
  readonly #joining = new BoundedMap<string, Bucket>(JOINING_MAX)
  readonly #allJoining = new Bucket(ALL_JOINS_MAX, ALL_JOINS_MS)
  readonly #readers: Readers
  readonly #allowances: Allowances

  constructor(options: AdmissionOptions) {
    this.#options = options
    this.#tokens = new TokenCheck({ tokens: options.access.tokens, clock: options.clock })
    this.#readers = new Readers(options.clock)
    const { access, admission = 'open', clock, signing, waiters = () => [] } = options
    const allowances = new Allowances({ clock, waiters })
    this.#allowances = allowances
    this.#signatures =
      signing &&
      new SignatureCheck({
        peerId: signing.key.peerId,
        own: signing.own,
        keys: access.keys,
        knownKeys: signing.knownKeys,
        secret: signing.secret,
        check: (keyid, request) => allowances.check(this.#userOf(request, keyid)),
        onStranger: () => access.noteStranger(),
        clock,
        admission,
      })
  }

  /**
   * Who calls, if that may do this. What a caller says of itself is checked wherever it comes from.
   * Throws `unauthorized`, `forbidden`, and `busy` for a host that guesses.
   */
  admit(request: ApiRequest, kind: AccessKind): ApiCaller | Promise<ApiCaller> {
    const caller = this.#callerOf(request, kind)
    if (!(caller instanceof Promise)) this.#allowances.begin(this.#userOf(request))
    return caller
  }

  #callerOf(request: ApiRequest, kind: AccessKind): ApiCaller | Promise<ApiCaller> {
    if (request.isLocal === true) return { kind: 'local' }
    const { scope, forGroves, onlyGroves, forNewcomers } = accessTable[kind]
    if (scope === undefined) return { kind: 'anybody' }
    if (forNewcomers) this.#countJoin(request)
    const named = this.#tokens.callerOf(request)
    if (named !== undefined) return withScope(named, scope)
    if (this.#signatures !== undefined && request.header(SIGNATURE_INPUT) !== undefined)
      return this.#signed(this.#signatures, request, kind)
    const { admission = 'open' } = this.#options
    if (forGroves && admission === 'open') return this.#unnamed(request)
    if (!onlyGroves && this.#isHere(request)) return { kind: 'local' }
    if (accessTable[kind].isPublic && this.#options.anonymousRead === true)
      return this.#reader(request)
    throw new GroveError('unauthorized', { admission }, { message: notAdmitted(kind, admission) })
  }

  /** Somebody who reads what is open to everybody, at a rate. Throws `busy`. */
  #reader(request: ApiRequest): ApiCaller {
    this.#readers.admit(request)
    return { kind: 'anybody', isReader: true }
  }

  /** Whoever joins is unknown, and what it shows costs work. Throws `busy`. */
  #countJoin({ host = 'unknown' }: ApiRequest): void {
    const bucket = this.#joining.get(host) ?? new Bucket(JOINS_MAX, JOIN_MS)
    this.#joining.set(host, bucket)
    const now = this.#options.clock.now()
    if (bucket.tryTake(now) && this.#allJoining.tryTake(now)) return
    throw new GroveError('busy', {}, { message: 'too many tries to join: come later' })
  }

  /** How long a caller that was let in may go on; undefined if nothing but it ends that. */
  permissionOf(caller: ApiCaller): Permission | undefined {
    return caller.kind === 'token' ? this.#tokens.permissionOf(caller) : undefined
  }

  /**
   * The answer, signed, to a grove that signed its request or has to make another signature: so it
   * knows who answered. What anybody may read may be cached, and is sent at a rate.
   */
  async seal({ request, caller, response }: Reply): Promise<ApiResponse> {
    const { signing, clock } = this.#options
    const { status, headers, body } = response
    if (caller.kind === 'anybody' && caller.isReader === true)
      return this.#readers.paced(request, cacheable(response))
    const challenge = headers[GROVE_CHALLENGE]
    const isMeant = caller.kind === 'grove' || challenge !== undefined
    const counted = this.#counted({ request, caller, response })
    if (signing === undefined || !isMeant || typeof body !== 'string') return counted
    const signature = request.header(SIGNATURE)
    if (signature === undefined) return counted
    const created = Math.floor(clock.now() / 1_000)
    const signed = await signAnswer(
      signing.key,
      { status, body, challenge },
      { signature, created },
    )
    return { ...counted, headers: { ...headers, ...signed } }
  }

  /** What groves are sent counts: those that sign and, where they need not, all from elsewhere. */
  #counted({ request, caller, response }: Reply): ApiResponse {
    if (caller.kind !== 'grove' && caller.kind !== 'anybody') return response
    const peerId = caller.kind === 'grove' ? caller.peerId : undefined
    return this.#allowances.counted(this.#userOf(request, peerId), response)
  }

  /** Whose use of the grove a request counts as: a listed key's, else its host's. */
  #userOf(request: ApiRequest, peerId?: string) {
    const isKnown = peerId !== undefined && isListed(this.#options.access.keys.of(peerId))
    return { name: isKnown ? peerId : (request.host ?? 'unknown'), request }
  }

  async #signed(check: SignatureCheck, request: ApiRequest, kind: AccessKind): Promise<ApiCaller> {
    const { forNewcomers } = accessTable[kind]
    const caller = await check.callerOf(request, forNewcomers)
    this.#allowances.begin(this.#userOf(request, caller.peerId))
    // Its turn has gone by meanwhile. A body is waited for, and takes another one then.
    if (!hasBody(request)) await request.turn?.()
    if (accessTable[kind].forGroves) return caller
    if (this.#isHere(request)) return { kind: 'local' }
    throw new GroveError('forbidden', {}, { message: needsToken })
  }

  #unnamed(request: ApiRequest): ApiCaller {
    if (this.#isHere(request)) return { kind: 'local' }
    this.#allowances.check(this.#userOf(request))
    return { kind: 'anybody' }
  }

  /** Whether the request was made on this machine, and not only carried on from here. */
  #isHere({ remote, isForwarded = false }: ApiRequest): boolean {
    if (remote === undefined) return true
    return !isForwarded && this.#options.isBehindProxy !== true && isLoopback(remote)
  }
}

const hasBody = ({ method }: ApiRequest): boolean => method !== 'GET' && method !== 'HEAD'

/** What anybody may read, caches may keep for a while. */
function cacheable(response: ApiResponse): ApiResponse {
  const { status, headers } = response
  if (status !== 200 || headers['cache-control'] !== undefined) return response
  const cached = { 'cache-control': 'public, max-age=30', vary: 'authorization' }
  return { ...response, headers: { ...headers, ...cached } }
}

function withScope(caller: Extract<ApiCaller, { kind: 'token' }>, scope: Scope): ApiCaller {
  if (includes(caller.scope, scope)) return caller
  const message =
    `the token ${caller.id} allows ${caller.scope}, and this needs ${scope}: ` +
    `make another with \`grove token create --scope ${scope}\``
  throw new GroveError(
    'forbidden',
    { id: caller.id, scope: caller.scope, needs: scope },
    { message },
  )
}

const needsToken =
  'callers on other machines need a token: who runs this grove makes one with `grove token ' +
  'create`; give it as GROVE_TOKEN, or as the header authorization: Bearer <token>'

function notAdmitted(kind: AccessKind, admission: AdmissionMode): string {
  const { forGroves, onlyGroves, scope } = accessTable[kind]
  if (!forGroves) return `${needsToken} (it needs the scope ${scope})`
  const who =
    admission === 'signed'
      ? 'this grove admits groves that sign their requests (--admission signed)'
      : 'this grove admits groves that are trusted or members here (--admission members)'
  return onlyGroves ? who : `${who}; other ${needsToken}`
}
