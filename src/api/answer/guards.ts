import { isIPv4 } from 'node:net'
import { GroveError } from '../../core/errors.ts'
import type { ApiRequest } from './request.ts'

/**
 * A grove answers to an address, to its own names, or to one that can't be registered: `localhost`,
 * a name without dots, or one under `localhost`, `local` or `internal`. Any other name may be a web
 * page's own that resolves to this machine (DNS rebinding); the browser would let that page read
 * this grove and write into it. `own`: names in lower case. Throws `refused`.
 */
export function refuseOtherNames(request: ApiRequest, own: ReadonlySet<string>): void {
  const host = request.header('host') ?? ''
  if (host === '') return
  const name = URL.canParse(`http://${host}`)
    ? new URL(`http://${host}`).hostname.replace(/\.$/, '')
    : 'no.name'
  const isAddress = name.startsWith('[') || isIPv4(name)
  if (isAddress || !name.includes('.') || /\.(localhost|local|internal)$/.test(name)) return
  if (own.has(name)) return
  const message =
    'this grove answers only to its addresses and names; ' +
    'to make it answer to another name, start it with --public-url or --allow-host'
  throw new GroveError('refused', { host: host.slice(0, 200) }, { message })
}

/** Who has two names may be somebody else to whatever is in between (RFC 9112 §3.2). */
export function refuseTwoHosts(request: ApiRequest): void {
  if (request.header('host')?.includes(',') !== true) return
  throw new GroveError('usage-error', {}, { message: 'the request must have one Host header' })
}

/**
 * A page of another site may not write into a grove that its visitor can reach. Throws `refused`.
 */
export function refuseOtherSites(request: ApiRequest): void {
  const origin = request.header('origin')
  if (origin === undefined || request.method === 'GET' || request.method === 'HEAD') return
  if (URL.canParse(origin) && new URL(origin).host === request.header('host')) return
  throw new GroveError(
    'refused',
    { origin: origin.slice(0, 200) },
    { message: "requests from another site's pages are refused" },
  )
}

/**
 * Bodies are taken as they are: an encoded one would be hashed as it travels. Throws
 * `encoding-unsupported`.
 */
export function refuseEncoded(request: ApiRequest): void {
  refuseOtherThan('identity', request, 'content-encoding')
  refuseOtherThan('chunked', request, 'transfer-encoding')
}

function refuseOtherThan(
  plain: string,
  request: ApiRequest,
  header: 'content-encoding' | 'transfer-encoding',
): void {
  const encoding = request.header(header)
  if (encoding === undefined || encoding.trim().toLowerCase() === plain) return
  const field = header === 'content-encoding' ? 'contentEncoding' : 'transferEncoding'
  throw new GroveError(
    'encoding-unsupported',
    { [field]: encoding.slice(0, 200) },
    { message: `send the body without a ${header}: nothing is decoded here` },
  )
}
