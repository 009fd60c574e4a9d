import type { GroveError } from '../../core/errors.ts'
import { tidyAddress } from '../../core/peers/endpoint.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import { ALTERED } from '../../core/wire/access.ts'
import type { Log } from '../../ports/log.ts'
import type { SeedReports } from '../context.ts'

/**
 * Logs why a configured seed does not answer: an operator who mistyped it would see nothing else.
 * Each seed is told of once, and again when the reason changes.
 */
export class SeedWatch implements SeedReports {
  readonly #log: Log
  /** What failed last at the address of each seed; undefined for one that has not failed. */
  readonly #failing: Map<string, string | undefined>

  constructor(seeds: readonly PeerAddress[], log: Log) {
    this.#log = log
    this.#failing = new Map(seeds.map(({ address }) => [tidyAddress(address), undefined]))
  }

  failed(peer: PeerAddress, error: GroveError): void {
    const address = tidyAddress(peer.address)
    const what = reasonOf(error)
    if (!this.#failing.has(address) || this.#failing.get(address) === what) return
    this.#failing.set(address, what)
    const { code, message: reason } = error
    this.#log.warn('seed does not answer', { address, code, reason, remedy: remedyFor(error) })
  }

  answered(peer: PeerAddress): void {
    const address = tidyAddress(peer.address)
    if (this.#failing.get(address) === undefined) return
    this.#failing.set(address, undefined)
    this.#log.info('seed answers', { address })
  }
}

const reasonOf = ({ code, details }: GroveError): string => `${code} ${details['fault'] ?? ''}`

function remedyFor({ code, details }: GroveError): string {
  if (code === 'address-refused')
    return '--allow-private-peers allows addresses of private networks and of this machine'
  if (details['fault'] === 'wrong-id')
    return 'correct the id before the @, or leave it out to take whatever grove answers there'
  if (details['fault'] === ALTERED)
    return (
      'a proxy there has to pass the path, the query and the headers of requests on unchanged, ' +
      'and what it strips from paths belongs into --public-url of the grove behind it'
    )
  if (code === 'peer-unreachable' || code === 'peer-too-slow')
    return 'check the address, and that a grove is served there that this machine can reach'
  if (code === 'refused' && details['foreign'] !== true)
    return 'the address is right, and a grove answers there: whoever runs it can let this one in'
  return 'check the address: what answers there does not answer as a grove'
}
