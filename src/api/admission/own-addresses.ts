import { networkInterfaces } from 'node:os'
import { isLoopback } from '../../core/loopback.ts'

/** Addresses that one request may have been signed for: each costs a verification. */
const CANDIDATES_MAX = 4

interface Whereabouts {
  /** The address at which others reach the grove. */
  readonly address: string
  /** Where it listens: a URL. */
  readonly bound: string
  /** More names by which it may be called, where it listens. */
  readonly names: readonly string[]
  /** The address by which it is called on lines that it holds. */
  readonly leaf?: string
  /** More addresses at which others reach it. */
  readonly alsoAt?: readonly string[]
}

/**
 * The addresses of a grove. A request counts only if it was signed for one of them: what was signed
 * for another place is nothing here, whoever hands it on.
 */
export class OwnAddresses {
  readonly #address: string
  readonly #all: readonly URL[]
  readonly #bound: URL
  readonly #isOnAll: boolean

  constructor({ address, bound, names, alsoAt = [], leaf }: Whereabouts) {
    this.#address = address
    this.#bound = new URL(bound)
    const { hostname } = this.#bound
    this.#isOnAll = ['0.0.0.0', '[::]'].includes(hostname)
    const here = this.#isOnAll || isLoopback(hostname) ? ['127.0.0.1', '[::1]', 'localhost'] : []
    const named = [...here, ...names].map((name) => this.#named(name))
    const others = [address, ...alsoAt, ...(leaf === undefined ? [] : [leaf])]
    this.#all = [...others.map((url) => new URL(url)), this.#bound, ...named]
  }

  /**
   * The addresses that a request with this Host header can have been sent to, without a slash at
   * the end. The header chooses among the grove's own addresses and adds none.
   */
  candidates(host: string | undefined): { addresses: string[]; isOwn: boolean } {
    const named = host === undefined ? null : URL.parse(`http://${host}`)
    const all = named === null ? [] : [...this.#all, ...this.#interfaces(named)]
    const matching = all.filter((url) => named !== null && isSameHost(url, named, host ?? ''))
    const addresses = [...new Set([...matching.map(textOf), textOf(new URL(this.#address))])]
    return { addresses: addresses.slice(0, CANDIDATES_MAX), isOwn: matching.length > 0 }
  }

  /** Whether a request that is sent to this address is signed for one of the grove's own. */
  has(address: string): boolean {
    const url = URL.parse(address)
    if (url === null) return false
    return [...this.#all, ...this.#interfaces(url)].some((own) => textOf(own) === textOf(url))
  }

  /** Of a grove that listens on all addresses of its machine, the one that was named. */
  #interfaces({ hostname }: URL): URL[] {
    if (!this.#isOnAll) return []
    const bare = hostname.replace(/^\[|\]$/g, '')
    const isHere = Object.values(networkInterfaces()).some((each) =>
      each?.some(({ address }) => address === bare),
    )
    return isHere ? [this.#named(hostname)] : []
  }

  #named(name: string): URL {
    const url = new URL(this.#bound)
    url.hostname = name
    return url
  }
}

const textOf = (url: URL): string => url.href.replace(/\/+$/, '')

/** `named` was read as http: a port that is left out in it is that of the address. */
function isSameHost(url: URL, named: URL, written: string): boolean {
  if (url.hostname !== named.hostname) return false
  const own = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port
  const given = /:(\d+)$/.exec(written)?.[1]
  return given === undefined ? url.port === '' : given === own
}
