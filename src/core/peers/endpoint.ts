import { withoutSlashes } from '../text.ts'

/** Where a grove answers, by its address. */
export interface Endpoint {
  readonly scheme: 'http' | 'https'
  /** A name in lower case, or an IP address; one of IPv6 is in brackets. */
  readonly host: string
  readonly port: number
  /** Without a slash at its end; empty for nearly every grove. */
  readonly path: string
}

/** `host:port`, which means http. */
const HOST_AND_PORT = /^(\[[0-9a-f:.]+\]|[a-z0-9.-]+):\d{1,5}(\/.*)?$/i

/** The address that somebody typed, with http:// before `host:port`. */
export const withScheme = (address: string): string =>
  HOST_AND_PORT.test(address) ? `http://${address}` : address

/** Addresses whose endpoints are remembered: gossip parses the same ones again and again. */
const PARSED_MAX = 4_096
const PARSED_MAX_LENGTH = 128
const parsed = new Map<string, Endpoint | undefined>()

const DEFAULT_PORTS = { http: 80, https: 443 } as const

/**
 * The endpoint of an address. Undefined if it is not http or https, has credentials or a query, or
 * is written in another way than everybody writes it (`127.1`, `0x7f.1`, white space): one place
 * must not pass for several. Slashes at the end, capitals in a host and the default port are taken.
 */
export function parseEndpoint(address: string): Endpoint | undefined {
  if (address.length > PARSED_MAX_LENGTH) return parseAnew(address)
  const known = parsed.get(address)
  if (known !== undefined || parsed.has(address)) return known
  if (parsed.size >= PARSED_MAX) parsed.clear()
  const endpoint = parseAnew(address)
  parsed.set(address, endpoint)
  return endpoint
}

function parseAnew(address: string): Endpoint | undefined {
  const written = withoutSlashes(address)
  const url = URL.parse(written)
  if (url === null) return undefined
  const { protocol, hostname: host, pathname } = url
  if (protocol !== 'http:' && protocol !== 'https:') return undefined
  const scheme = protocol === 'http:' ? 'http' : 'https'
  const port = url.port === '' ? DEFAULT_PORTS[scheme] : Number(url.port)
  const endpoint = { scheme, host, port, path: withoutSlashes(pathname) } as const
  const forms = [addressText(endpoint), `${scheme}://${host}:${port}${endpoint.path}`]
  return forms.some((form) => isSameText(form, written, endpoint)) ? endpoint : undefined
}

/** The one text of an endpoint: without the default port, and without a slash at its end. */
export function addressText({ scheme, host, port, path }: Endpoint): string {
  return `${scheme}://${host}${port === DEFAULT_PORTS[scheme] ? '' : `:${port}`}${path}`
}

/** The form in which addresses are compared. What is no endpoint only loses slashes at its end. */
export function tidyAddress(address: string): string {
  const endpoint = parseEndpoint(address)
  return endpoint === undefined ? withoutSlashes(address) : addressText(endpoint)
}

/** Equal, but for capitals before the path. */
function isSameText(form: string, written: string, { path }: Endpoint): boolean {
  const at = form.length - path.length
  return (
    form.length === written.length &&
    form.slice(at) === written.slice(at) &&
    form.slice(0, at) === written.slice(0, at).toLowerCase()
  )
}
