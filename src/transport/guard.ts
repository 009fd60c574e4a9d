import { BlockList, isIP, type LookupFunction } from 'node:net'
import { GroveError } from '../core/errors.ts'
import { withoutSecrets } from '../core/text.ts'
import type { Lookups } from './lookups.ts'

/** Which addresses may be dialled (BEHAVIOUR.md#dialling). */
export interface Guard {
  /** Allow private, loopback and link-local ones: for groves on one machine or network. */
  readonly allowPrivate: boolean
}

/**
 * Addresses outside of the public Internet: IANA's special-purpose registries (RFC 6890 and its
 * updates), multicast, and the IPv6 forms that embed an IPv4 address (mapped, translated,
 * compatible, NAT64, 6to4, Teredo).
 */
const special4 = new BlockList()
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const) {
  special4.addSubnet(network, prefix, 'ipv4')
}
/** A list of its own: in a shared list, the range of mapped addresses would match all of IPv4. */
const special6 = new BlockList()
for (const [network, prefix] of [
  ['::', 96],
  ['::ffff:0:0', 96],
  ['::ffff:0:0:0', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
  ['5f00::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
] as const) {
  special6.addSubnet(network, prefix, 'ipv6')
}

/** True if a text is an IP address of the public Internet. */
export function isPublic(ip: string): boolean {
  const family = isIP(ip)
  if (family === 4) return !special4.check(ip, 'ipv4')
  return family === 6 && !special6.check(ip, 'ipv6')
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

/** A DNS look-up that returns allowed addresses only, so that the checked address is dialled. */
export function guardedLookup(
  { allowPrivate }: Guard,
  found: ResolvedNames,
  lookups: Pick<Lookups, 'lookUp'>,
): LookupFunction {
  return (hostname, options, callback) => {
    lookups.lookUp(hostname, (error, all) => {
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
