import { RegExpRouter } from 'hono/router/reg-exp-router'
import { pathOfBytes } from '../../core/contribution/names.ts'
import { GroveError } from '../../core/errors.ts'
import { withoutTokens } from '../../core/identity/token.ts'
import type { AccessKind, ApiCaller } from '../admission/access.ts'
import type { ApiRequest } from './request.ts'
import type { ApiResponse } from './response.ts'

/** Answers one request; `params` are the named parts of its path, decoded. */
export interface Handler {
  readonly name: string
  /** Who may call it from another machine. */
  readonly access: AccessKind
  answer(
    request: ApiRequest,
    params: Readonly<Record<string, string>>,
    caller: ApiCaller,
  ): Promise<ApiResponse> | ApiResponse
}

export interface RouteMatch {
  readonly handler: Handler
  readonly params: Readonly<Record<string, string>>
}

/** Finds the handler for a method and path. HEAD goes to the handler of GET. */
export class Routes {
  readonly #router = new RegExpRouter<Handler>()
  readonly #methods = new Set<string>()

  add(method: string, path: string, handler: Handler): void {
    this.#router.add(method, path, handler)
    this.#methods.add(method)
  }

  /** Throws `not-found`, and `method-not-allowed` with the methods that are allowed. */
  find(method: string, path: string): RouteMatch {
    const found = this.#match(method === 'HEAD' ? 'GET' : method, path)
    if (found !== undefined) return found
    const allowed = [...this.#methods].filter((other) => this.#match(other, path) !== undefined)
    if (allowed.length === 0) throw noRoute(withoutTokens(path.slice(0, 500)))
    const allow = [...allowed, ...(allowed.includes('GET') ? ['HEAD'] : [])].join(', ')
    const message = `${method} is not allowed here: this route takes ${allow}`
    throw new GroveError('method-not-allowed', { method, allow }, { message })
  }

  #match(method: string, path: string): RouteMatch | undefined {
    // The router fails for a path that is empty.
    if (path === '') return undefined
    const [matches, stash] = this.#router.match(method, path)
    const match = matches[0]
    if (match === undefined) return undefined
    const params = Object.entries(match[1]).map(([name, value]) => [
      name,
      decoded(typeof value === 'number' ? (stash?.[value] ?? '') : value),
    ])
    return { handler: match[0], params: Object.fromEntries(params) }
  }
}

const noRoute = (path: string) =>
  new GroveError('not-found', { path }, { message: `no such route: ${path} (see /api/docs)` })

/** A byte that is not UTF-8 becomes a lone surrogate, as in the paths of files. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch (cause) {
    if (!/%(?![0-9a-f]{2})/i.test(part)) return pathOfBytes(percentDecoded(part))
    throw new GroveError(
      'validation-error',
      { part: part.slice(0, 100) },
      { cause, message: 'the path is not properly percent-encoded' },
    )
  }
}

function percentDecoded(part: string): Uint8Array {
  const binary = Buffer.from(part).toString('latin1')
  const codes = binary.replace(/%(..)/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return Buffer.from(codes, 'latin1')
}
