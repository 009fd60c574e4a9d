import { parseEndpoint } from '../../src/core/peers/endpoint.ts'
import type { Hosts } from '../../src/core/peers/hosts.ts'
import { isLeafAddress } from '../../src/core/peers/leaf.ts'

const ips = new Map<string, string>()

/** The IP address of a simulated address. */
export function ipOf(address: string): string {
  const known = ips.get(address)
  if (known !== undefined) return known
  const ip = URL.parse(address)?.hostname ?? address
  ips.set(address, ip)
  return ip
}

/**
 * Each IP address is a host of its own. In production those of private networks, which the
 * simulators use, may be one; then nobody's share would be bounded here.
 */
export const SIMULATED_HOSTS: Hosts = {
  keyOf: ipOf,
  prefixOf: () => undefined,
  sameHost: (address, remote) => ipOf(address) === remote,
  isDialable: (address) => parseEndpoint(address) !== undefined,
}

/** Only the grove itself knows which leaves hold a line to it. */
export const hostsOf = (lines: Hosts): Hosts => ({
  keyOf: (address) => (isLeafAddress(address) ? lines : SIMULATED_HOSTS).keyOf(address),
  prefixOf: () => undefined,
  sameHost: (address, remote) =>
    (isLeafAddress(address) ? lines : SIMULATED_HOSTS).sameHost(address, remote),
  isDialable: (address) => (isLeafAddress(address) ? lines : SIMULATED_HOSTS).isDialable(address),
})
