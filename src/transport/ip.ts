import { BlockList, isIP, isIPv6 } from 'node:net'

/** IP addresses as texts: what they mean, and whether they are of the public Internet. */

/** A prefix of IPv6 addresses whose last 32 bits are an IPv4 address. */
interface Embedding {
  /** The six groups before it. */
  readonly groups: string
}

/** An IPv4 address as IPv6 sockets write it (RFC 4291 §2.5.5.2). */
const MAPPED: Embedding = { groups: '0:0:0:0:0:ffff' }
/** What a translator (NAT64, RFC 6052) makes of an IPv4 address on a network without IPv4. */
const NAT64: Embedding = { groups: '64:ff9b:0:0:0:0' }

/** IANA's registry of special-purpose IPv4 addresses (RFC 6890 and its updates), and multicast. */
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

/** All IPv6 addresses that are given to networks (RFC 4291 §2.4); the rest has other meanings. */
const unicast6 = new BlockList()
unicast6.addSubnet('2000::', 3, 'ipv6')
/** What of these is none: Teredo and ORCHID, documentation, 6to4. */
const special6 = new BlockList()
for (const [network, prefix] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const) {
  special6.addSubnet(network, prefix, 'ipv6')
}

/**
 * True if a text is an IP address of the public Internet. An IPv6 address that embeds one of IPv4
 * is none, whatever that is, but for the translated ones: they are all that a network without IPv4
 * has to reach it by.
 */
export function isPublic(ip: string): boolean {
  const family = isIP(ip)
  if (family === 4) return !special4.check(ip, 'ipv4')
  if (family !== 6 || ip.includes('%')) return false
  const translated = embeddedIn(ip, NAT64)
  if (translated !== undefined) return !special4.check(translated, 'ipv4')
  return unicast6.check(ip, 'ipv6') && !special6.check(ip, 'ipv6')
}

/** An IP address without a zone; one of IPv4 that is mapped or translated, as IPv4. */
export function plainIp(ip: string): string {
  const bare = ip.replace(/%.*$/s, '')
  return embeddedIn(bare, MAPPED) ?? embeddedIn(bare, NAT64) ?? bare
}

/** The IPv4 address in one of IPv6, if that has this prefix. */
function embeddedIn(ip: string, { groups: prefix }: Embedding): string | undefined {
  if (!isIPv6(ip)) return undefined
  const groups = groupsOf(ip)
  const hex = groups.slice(0, 6).map((group) => group.toString(16))
  if (hex.join(':') !== prefix) return undefined
  return groups
    .slice(6)
    .flatMap((group) => [group >> 8, group & 255])
    .join('.')
}

/** The eight groups of an IPv6 address. */
export function groupsOf(ip: string): number[] {
  const normal = URL.parse(`http://[${ip}]`)?.hostname.slice(1, -1) ?? '::'
  const [head = '', tail] = normal.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0')
  return [...before, ...zeros, ...after].map((group) => Number.parseInt(group, 16))
}
