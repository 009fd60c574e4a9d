import type { z } from 'zod'
import { isGroveError } from '../core/errors.ts'
import { GOSSIP_MAX_BYTES } from '../core/limits.ts'
import type { PeerAddress } from '../core/peers/peer.ts'
import { messageFor } from '../core/wire/federation-1.ts'
import { gossipMessageSchema, shuffleResponseSchema } from '../core/wire/gossip.ts'
import type { Clock } from '../ports/clock.ts'
import type { RequestOptions, Transport } from '../ports/transport.ts'
import type { MinimumRate } from './body.ts'
import { Dialler, type HttpCarrier } from './dialler.ts'
import { FederationRoutes } from './federation-routes.ts'
import { legacyClosure } from './legacy-closure.ts'
import { LegacyRoutes } from './legacy-routes.ts'
import { PeerProtocolCache } from './peer-protocol-cache.ts'

/** Times in ms. What is left out has its default. */
export interface TransportOptions {
  /** Whether private, loopback and link-local addresses may be talked to. */
  readonly allowPrivate: boolean
  readonly clock: Clock
  readonly connectTimeoutMs?: number
  readonly headersTimeoutMs?: number
  readonly idleTimeoutMs?: number
  readonly minimumRate?: MinimumRate
  /** What carries the requests instead of sockets: a simulated network. */
  readonly wire?: HttpCarrier
}

const defaults = {
  connectTimeoutMs: 5_000,
  headersTimeoutMs: 15_000,
  idleTimeoutMs: 15_000,
  minimumRate: { bytesPerSecond: 4_096, windowMs: 10_000 },
}

/** Other groves over HTTP: by our routes where they federate, by those of Grove 0.1 where they don't. */
export function httpTransport(options: TransportOptions): Transport {
  const dialler = new Dialler({ ...defaults, ...options })
  const protocols = new PeerProtocolCache(options.clock)
  const ours = new FederationRoutes(dialler)
  const legacy = new LegacyRoutes(dialler)

  async function gossip<T extends z.ZodType>(
    peer: PeerAddress,
    path: string,
    json: unknown,
    schema: T,
    { signal }: RequestOptions,
  ) {
    return dialler.askJson(
      peer,
      { method: 'POST', path, json, maxBytes: GOSSIP_MAX_BYTES, signal },
      schema,
    )
  }

  return {
    async exchange(peer, message, call = {}) {
      const readable = messageFor(protocols.version(peer), message)
      const answer = await gossip(peer, '/api/gossip/exchange', readable, gossipMessageSchema, call)
      protocols.learn(peer, answer.capabilities['federation'])
      return answer
    },
    shuffle: (peer, request, call = {}) =>
      gossip(peer, '/api/gossip/shuffle', request, shuffleResponseSchema, call),
    manifest: (peer, cid, call = {}) =>
      protocols.negotiate(
        peer,
        () => ours.manifest(peer, cid, call),
        () => legacy.manifest(peer, cid, call),
      ),
    holds: (peer, cid, call = {}) =>
      protocols
        .negotiate<boolean>(
          peer,
          () => ours.holds(peer, cid, call),
          () => legacy.holds(peer, cid, call),
        )
        .catch(falseWhereAbsent),
    blob: (peer, request, call = {}) =>
      protocols.negotiate(
        peer,
        () => ours.blob(peer, request, call),
        () => legacy.blob(peer, request, call),
      ),
    sizeOf: (peer, request, call = {}) =>
      protocols.negotiate(
        peer,
        () => ours.sizeOf(peer, request, call),
        () => legacy.sizeOf(peer, request, call),
      ),
    metrics: (peer, call = {}) => legacy.metrics(peer, call),
    best: (peer, query, call = {}) =>
      protocols.negotiate(
        peer,
        () => ours.best(peer, query, call),
        () => legacy.best(peer, query, call),
      ),
    closure: (peer, request, call = {}) =>
      protocols.negotiate(
        peer,
        () => ours.closure(peer, request, call),
        () => legacyClosure(legacy, peer, request, call),
      ),
    checkAddress: (address) => dialler.checkAddress(address),
    close: () => dialler.close(),
  }
}

function falseWhereAbsent(error: unknown): false {
  if (isGroveError(error, 'absent') || isGroveError(error, 'gone')) return false
  throw error
}
