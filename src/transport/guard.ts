import { type LookupAddress, type LookupAllOptions, lookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { GroveError } from '../core/errors.ts'
import { withoutSecrets } from '../core/text.ts'
import { isPublic } from './ip.ts'

/** Which addresses may be dialled (BEHAVIOUR.md#dialling). */
export interface Guard {
  /** Allow private, loopback and link-local ones: for groves on one machine or network. */
  readonly allowPrivate: boolean
}

/**
 * A peer's address as a URL: http or https, without credentials and query. Throws
 * `address-refused`, also for a literal IP address that the guard refuses. Names are not looked up:
 * they are checked when they are dialled.
 */
export function checkUrl(address: string, guard: Guard): URL {
  const url = URL.parse(address)
  if (url === null || !['http:', 'https:'].includes(url.protocol))
    throw refused(address, 'it is not an http or https address')
  if (url.username !== '' || url.password !== '') throw refused(address, 'it has credentials')
  if (url.search !== '' || url.hash !== '') throw refused(address, 'it has a query')
  if (url.port === '0') throw refused(address, 'nobody can listen at port 0')
  checkHost(url.hostname, guard)
  return url
}

/** Throws `address-refused` for a literal IP address, or `localhost`, that the guard refuses. */
export function checkHost(hostname: string, { allowPrivate }: Guard): void {
  if (allowPrivate) return
  const host = hostname.replace(/^\[|\]$/g, '')
  if (isIP(host) !== 0 && !isPublic(host)) throw refused(hostname, 'it is a private address')
  if (/(^|\.)localhost\.?$/i.test(host)) throw refused(hostname, 'it is this machine')
}

/** Who is told what names resolved to. */
export interface ResolvedNames {
  resolved(name: string, ips: readonly string[]): void
}

/** Finds all addresses of a name, as `lookup` of node:dns does. */
export type LookupAll = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, all: LookupAddress[]) => void,
) => void

/**
 * A DNS look-up that returns allowed addresses only, so that a checked address is dialled, whatever
 * the name means a moment later. Of a name that has others, too, these are left out.
 */
export function guardedLookup(
  { allowPrivate }: Guard,
  found: ResolvedNames,
  lookupAll: LookupAll = lookup,
): LookupFunction {
  return (hostname, options, callback) => {
    lookupAll(hostname, { ...options, all: true }, (error, all) => {
      if (error !== null) return callback(error, '', 0)
      const allowed = allowPrivate ? all : all.filter(({ address }) => isPublic(address))
      const [first] = allowed
      if (first === undefined)
        return callback(refused(hostname, 'it resolves to private addresses only'), '', 0)
      found.resolved(
        hostname,
        allowed.map(({ address }) => address),
      )
      return options.all === true
        ? callback(null, allowed)
        : callback(null, first.address, first.family)
    })
  }
}

function refused(given: string, why: string): GroveError {
  const address = withoutSecrets(given)
  const message = `${address} may not be dialled: ${why}`
  return new GroveError('address-refused', { address }, { message: message.slice(0, 500) })
}
