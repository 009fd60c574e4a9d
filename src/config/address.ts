import { GroveError } from '../core/errors.ts'
import { withScheme } from '../core/peers/endpoint.ts'
import type { PeerAddress } from '../core/peers/peer.ts'
import { withoutSecrets, withoutSlashes } from '../core/text.ts'

/** The default port of `grove serve` and of clients, as in Grove 0.1. */
export const DEFAULT_PORT = 4515

/**
 * A seed as operators write it: `id@url` or a plain URL, which is its id until it answers. Throws
 * `usage-error`.
 */
export function parseSeed(text: string): PeerAddress {
  const [, peerId, url = text] = /^([^/]+?)@(https?:\/\/.*)$/i.exec(text.trim()) ?? []
  const address = parseAddress(url)
  return { peerId: peerId ?? address, address }
}

/**
 * The address of a grove, without slashes at its end: http or https, no credentials, no query.
 * `host:port` is taken for http. Throws `usage-error`, which doesn't repeat a password.
 */
export function parseAddress(text: string): string {
  const url = URL.parse(withScheme(text.trim()))
  const hasCredentials = url !== null && (url.username !== '' || url.password !== '')
  const fits =
    url !== null &&
    ['http:', 'https:'].includes(url.protocol) &&
    !hasCredentials &&
    url.search === '' &&
    url.hash === ''
  if (!fits) {
    const shown = JSON.stringify(withoutSecrets(text).slice(0, 200))
    const why = hasCredentials ? ', without a user or a password' : ''
    const message = `${shown} is not an address of a grove, such as http://10.0.0.5:${DEFAULT_PORT}`
    throw new GroveError('usage-error', {}, { message: message + why })
  }
  return withoutSlashes(url.href)
}

/** The error about a value, with what gave the value: an option, a variable, a file. */
export const fromSource = (source: string, error: GroveError): GroveError =>
  new GroveError(
    error.code,
    { ...error.details, source },
    { cause: error, message: `${source}: ${error.message}` },
  )
