import { GroveError } from '../../core/errors.ts'
import { includes, type Scope } from '../../core/identity/token.ts'
import { isLoopback } from '../../core/loopback.ts'
import type { AdmissionMode } from '../../core/peers/admission.ts'
import type { Access } from '../../node/access/access.ts'
import type { Clock } from '../../ports/clock.ts'
import type { ApiRequest } from '../answer/request.ts'
import { type AccessKind, type ApiCaller, accessTable } from './access.ts'
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
}

/**
 * Lets callers in, or says why not, before anything of a request but its head is read. What it
 * needs to know is in memory: a stranger costs no disk, no call and no hash of a body.
 */
export class Door {
  readonly #options: AdmissionOptions
  readonly #tokens: TokenCheck

  constructor(options: AdmissionOptions) {
    this.#options = options
    this.#tokens = new TokenCheck({ tokens: options.access.tokens, clock: options.clock })
  }

  /**
   * Who calls, if that may do this. What a caller says of itself is checked wherever it comes from.
   * Throws `unauthorized`, `forbidden`, and `busy` for a host that guesses tokens.
   */
  admit(request: ApiRequest, kind: AccessKind): ApiCaller {
    if (request.isLocal === true) return { kind: 'local' }
    const { scope, forGroves, onlyGroves } = accessTable[kind]
    if (scope === undefined) return { kind: 'anybody' }
    const named = this.#tokens.callerOf(request)
    if (named !== undefined) return withScope(named, scope)
    const { admission = 'open' } = this.#options
    if (forGroves && admission === 'open') return this.#unnamed(request)
    if (!onlyGroves && this.#isHere(request)) return { kind: 'local' }
    throw new GroveError('unauthorized', { admission }, { message: notAdmitted(kind, admission) })
  }

  #unnamed(request: ApiRequest): ApiCaller {
    return this.#isHere(request) ? { kind: 'local' } : { kind: 'anybody' }
  }

  /** Whether the request was made on this machine, and not only carried on from here. */
  #isHere({ remote, isForwarded = false }: ApiRequest): boolean {
    if (remote === undefined) return true
    return !isForwarded && this.#options.isBehindProxy !== true && isLoopback(remote)
  }
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
      : 'this grove admits groves that its operator has listed (--admission members)'
  return onlyGroves ? who : `${who}; other ${needsToken}`
}
