import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { BlockList, isIP, isIPv4 } from 'node:net'
import { GroveError } from '../../core/errors.ts'

/** The proxies whose word on where a request comes from is taken. */
export type Proxies = Pick<BlockList, 'check'>

/**
 * The proxies at some addresses: of IPv4, of IPv6, ranges of them (`10.0.0.0/8`), or `loopback`.
 * Throws `usage-error`.
 */
export function proxiesAt(addresses: readonly string[]): Proxies {
  const list = new BlockList()
  for (const text of addresses.flatMap((each) => (each === 'loopback' ? LOOPBACK : [each]))) {
    const [address = '', bits, ...rest] = text.split('/')
    const [family, most] = isIPv4(address) ? (['ipv4', 32] as const) : (['ipv6', 128] as const)
    const prefix = bits === undefined ? most : Number(bits)
    const isRange = rest.length === 0 && /^\d*$/.test(bits ?? '') && bits !== '' && prefix <= most
    if (isIP(address) === 0 || !isRange) throw noProxy(text)
    list.addSubnet(address, prefix, family)
  }
  return list
}

const LOOPBACK = ['127.0.0.0/8', '::1']

const noProxy = (text: string) =>
  new GroveError(
    'usage-error',
    {},
    { message: `${JSON.stringify(text)} is no IP address or range of them, and not loopback` },
  )

/**
 * The IP address that a request comes from: of the connection, or where that is a trusted proxy's,
 * the last one that `X-Forwarded-For` names and that is none. What callers write there comes before
 * what proxies add, and is never reached. `onUnread` is told what a trusted proxy wrote that is no
 * address.
 */
export function remoteOf(
  { socket, headers }: IncomingMessage,
  proxies: Proxies,
  onUnread: (hop: string, proxy: string) => void = () => {},
): string | undefined {
  const hops = String(headers['x-forwarded-for'] ?? '').split(',')
  let remote = socket.remoteAddress
  while (remote !== undefined && isOneOf(remote, proxies)) {
    const hop = hops.pop()?.trim() ?? ''
    const before = withoutPort(hop)
    if (isIP(before) === 0) {
      if (hop !== '') onUnread(hop, remote)
      return remote
    }
    remote = before
  }
  return remote
}

/** Some proxies write ports: `203.0.113.5:1234`, `[2001:db8::5]:1234`. */
function withoutPort(hop: string): string {
  const [, v6] = /^\[([^\]]*)\](?::\d+)?$/.exec(hop) ?? []
  return v6 ?? hop.replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1')
}

function isOneOf(remote: string, proxies: Proxies): boolean {
  const address = remote.replace(/^::ffff:(?=\d+\.)/i, '')
  return proxies.check(address, isIPv4(address) ? 'ipv4' : 'ipv6')
}

/** Whether a request says that something carried it on: no caller of a grove does. */
export const isForwarded = (headers: IncomingHttpHeaders): boolean =>
  ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'].some((name) => headers[name] !== undefined)

/**
 * The host of a socket's other end, whatever its port: an IPv4 address, or the /64 of an IPv6
 * address, since whoever has one address of that has all. Addresses of loopback stay apart.
 */
export function hostOf(remoteAddress: string | undefined): string {
  const address = (remoteAddress ?? 'unknown').replace(/^::ffff:(?=\d+\.)/i, '')
  return address.includes(':') ? networkOf(address) : address
}

function networkOf(address: string): string {
  const [head = '', tail] = address.replace(/%.*$/, '').split('::')
  const [first, last] = [groupsOf(head), groupsOf(tail ?? '')]
  const zeros = new Array<string>(Math.max(0, 8 - first.length - last.length)).fill('0')
  return `${[...first, ...zeros, ...last].slice(0, 4).join(':')}::/64`
}

const groupsOf = (text: string): string[] => text.split(':').filter((group) => group !== '')

/** The hosts of who calls an address of loopback in the usual way. */
export const LOOPBACK_HOSTS: readonly string[] = ['127.0.0.1', hostOf('::1')]
