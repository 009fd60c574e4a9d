import { addressText, parseEndpoint } from './endpoint.ts'

/**
 * What is known of the hosts behind addresses. An address is a text that anybody can write, and one
 * host has as many as it likes: whatever peers get a share of is shared by host.
 */
export interface Hosts {
  /**
   * The host of an address. Undefined where hosts are not told apart: on this machine, on private
   * networks that the operator allows, and on this grove's own host. There each endpoint counts.
   */
  keyOf(address: string): string | undefined
  /** The network of a host: an IPv4 /24 or IPv6 /48. Undefined where `keyOf` is, and for names. */
  prefixOf(address: string): string | undefined
  /** Whether a connection from this IP address comes from the host of the address. */
  sameHost(address: string, remote: string | undefined): boolean
  /** Whether the address has the form of one, and the operator allows to dial it. */
  isDialable(address: string): boolean
}

/** Each address is a host of its own, and every message comes from the host that it names. */
export const UNTOLD_HOSTS: Hosts = {
  keyOf: () => undefined,
  prefixOf: () => undefined,
  sameHost: () => true,
  isDialable: () => true,
}

/**
 * Who gets a share: the host of an address, or its endpoint where hosts are not told apart. All
 * paths of an endpoint are one.
 */
export function shareKey(hosts: Pick<Hosts, 'keyOf'>, address: string): string {
  const host = hosts.keyOf(address)
  if (host !== undefined) return host
  const endpoint = parseEndpoint(address)
  return endpoint === undefined ? address : addressText({ ...endpoint, path: '' })
}
