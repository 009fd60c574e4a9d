import { isIP, isIPv4 } from 'node:net'
import { BoundedMap } from '../concurrency/bounded.ts'
import { isLoopback } from '../core/loopback.ts'
import { parseEndpoint } from '../core/peers/endpoint.ts'
import type { Hosts } from '../core/peers/hosts.ts'
import { checkUrl, type Guard } from './guard.ts'
import { groupsOf, isPublic, plainIp } from './ip.ts'

/** Names whose IP addresses are remembered. */
const NAMES_MAX = 4_096

/** The IP addresses of a name: those that it resolved to last, and the one that answered. */
interface Resolved {
  readonly all: readonly string[]
  readonly answered: string | undefined
}

export interface HostMapOptions extends Guard {
  /** This grove's own address, whose host it may share with others. */
  readonly own?: string | undefined
}

/**
 * Hosts by IP address: IPv4 whole, IPv6 by its /64, which one machine commands. A name is the host
 * that answered when it was dialled last, and until then a host of its own.
 */
export class HostMap implements Hosts {
  readonly #options: HostMapOptions
  readonly #names = new BoundedMap<string, Resolved>(NAMES_MAX)

  constructor(options: HostMapOptions) {
    this.#options = options
  }

  keyOf(address: string): string | undefined {
    const key = this.#toldApart(address)
    const { own } = this.#options
    return own !== undefined && key === this.#toldApart(own) ? undefined : key
  }

  prefixOf(address: string): string | undefined {
    if (this.keyOf(address) === undefined) return undefined
    const ip = this.#ipOf(hostOf(address))
    return ip === undefined ? undefined : prefixOfIp(ip)
  }

  sameHost(address: string, remote: string | undefined): boolean {
    if (remote === undefined) return false
    const host = hostOf(address)
    const from = plainIp(remote)
    if (host === from) return true
    if (isLoopback(host)) return isLoopback(from)
    const ips = isIP(host) === 0 ? (this.#names.get(host)?.all ?? []) : [host]
    return ips.some((ip) => keyOfIp(ip) === keyOfIp(from) || (isLoopback(ip) && isLoopback(from)))
  }

  isDialable(address: string): boolean {
    if (parseEndpoint(address) === undefined) return false
    try {
      checkUrl(address, this.#options)
      return true
    } catch {
      return false
    }
  }

  /** A look-up of the name gave these IP addresses. */
  resolved(name: string, ips: readonly string[]): void {
    const answered = this.#names.get(name)?.answered
    this.#names.set(name, {
      all: ips,
      answered: answered !== undefined && ips.includes(answered) ? answered : ips[0],
    })
  }

  /** A server at this IP address was reached by the name. */
  reached(name: string, ip: string): void {
    const known = this.#names.get(name)
    if (known !== undefined) this.#names.set(name, { ...known, answered: ip })
  }

  #toldApart(address: string): string | undefined {
    const host = hostOf(address)
    const ip = this.#ipOf(host)
    if (ip === undefined) return isLoopback(host) ? undefined : `name:${host}`
    return this.#options.allowPrivate && !isPublic(ip) ? undefined : keyOfIp(ip)
  }

  #ipOf(host: string): string | undefined {
    return isIP(host) === 0 ? this.#names.get(host)?.answered : host
  }
}

/** The host of an address, without brackets. What is no address is its own host. */
function hostOf(address: string): string {
  const host = URL.parse(address)?.hostname ?? address
  return host.startsWith('[') ? plainIp(host.slice(1, -1)) : host
}

const keyOfIp = (ip: string): string => (isIPv4(ip) ? ip : `${hexOf(ip, 4)}::/64`)

const prefixOfIp = (ip: string): string =>
  isIPv4(ip) ? `${ip.slice(0, ip.lastIndexOf('.'))}.0/24` : `${hexOf(ip, 3)}::/48`

const hexOf = (ip: string, groups: number): string =>
  groupsOf(ip)
    .slice(0, groups)
    .map((group) => group.toString(16))
    .join(':')
