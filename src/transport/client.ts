import type { z } from 'zod'
import { BoundedMap } from '../concurrency/bounded.ts'
import { GroveError, isGroveError } from '../core/errors.ts'
import { isKeyId } from '../core/identity/ed25519.ts'
import { GOSSIP_MAX_BYTES } from '../core/limits.ts'
import type { PeerAddress } from '../core/peers/peer.ts'
import type { AboutAnswer, ClosureRequest } from '../core/wire/federation.ts'
import { messageFor } from '../core/wire/federation-1.ts'
import {
  FEDERATION_VERSION,
  gossipMessageSchema,
  sampleAnswerSchema,
  shuffleResponseSchema,
} from '../core/wire/gossip.ts'
import type { Clock } from '../ports/clock.ts'
import type { RequestOptions, Transport } from '../ports/transport.ts'
import type { MinimumRate } from './body.ts'
import { CallSigner, type CallSigning } from './call-signer.ts'
import { Dialler, type HttpCarrier, type Signer } from './dialler.ts'
import { peerFault } from './faults.ts'
import { FederationRoutes } from './federation-routes.ts'
import type { LookupAll } from './guard.ts'
import { HostMap } from './hosts.ts'
import { OpenLeaves } from './leaf/leaves.ts'
import { LeafRoutes } from './leaf/routes.ts'
import { legacyClosure } from './legacy/closure.ts'
import { LegacyRoutes } from './legacy/routes.ts'
import { PeerProtocolCache } from './peer-protocol-cache.ts'
import { socketsOf } from './sockets.ts'

/** Options of the HTTP transport. All but `allowPrivate` and `clock` may be left out. */
export interface TransportOptions {
  /** Allow private, loopback and link-local addresses. */
  readonly allowPrivate: boolean
  readonly clock: Clock
  /** This grove's own address, if others reach it. */
  readonly own?: string | undefined
  readonly connectTimeoutMs?: number
  readonly headersTimeoutMs?: number
  readonly idleTimeoutMs?: number
  readonly minimumRate?: MinimumRate
  /** This grove's key, by which requests are signed. Default: they go as they are. */
  readonly signing?: CallSigning
  /** Whether the operator gave a name, which then waits for no other to be looked up. */
  readonly isGiven?: (name: string) => boolean
  /** Whether the operator wants a peer left alone. Default: none. */
  readonly isBlocked?: (peer: PeerAddress) => boolean
  /** Finds the addresses of names. Default: the system. */
  readonly lookup?: LookupAll
  /** Carries the requests in the place of sockets: a simulated network. */
  readonly carrier?: HttpCarrier
}

const defaults = {
  connectTimeoutMs: 5_000,
  headersTimeoutMs: 15_000,
  idleTimeoutMs: 15_000,
  minimumRate: { bytesPerSecond: 4_096, windowMs: 10_000 },
}

/** Names given by who is on this machine that are remembered. */
const NAMED_MAX = 256

/** Requests to other groves over HTTP: by the routes of federation, or by those of Grove 0.1. */
export function httpTransport(options: TransportOptions): Transport {
  const hosts = new HostMap(options)
  const { clock, signing } = options
  const signer = signing && new CallSigner({ ...signing, clock })
  const leaves = signing && new OpenLeaves({ clock, hosts, nonce: signing.nonce })
  const { isGiven = () => false } = options
  const named = new BoundedMap<string, true>(NAMED_MAX)
  const all = {
    ...{ ...defaults, ...options, hosts, signer, leaves: leaves?.carrier },
    isGiven: (name: string) => named.has(name) || isGiven(name),
  }
  const dialler = new Dialler({ ...all, carrier: options.carrier ?? socketsOf(all) })
  const protocols = new PeerProtocolCache(options.clock)
  const federation = new FederationRoutes(dialler)
  const legacy = new LegacyRoutes(dialler)
  const leaf = new LeafRoutes(dialler, hosts)

  async function gossip<T extends z.ZodType>(
    peer: PeerAddress,
    path: string,
    json: unknown,
    schema: T,
    { signal }: RequestOptions,
  ) {
    return dialler.askSigned(
      peer,
      { method: 'POST', path, json, maxBytes: GOSSIP_MAX_BYTES, isSealed: true, signal },
      schema,
    )
  }

  return {
    hosts,
    leaves,
    dialBack: (peer, address, call = {}) =>
      protocols.negotiate(peer, () => leaf.dialBack(peer, address, call), unknownHere(peer)),
    reaches: (peer, remote, call = {}) => leaf.reaches(peer, remote, call),
    line: (peer, call = {}) =>
      protocols.negotiate(peer, () => leaf.line(peer, call), unknownHere(peer)),
    answerCall: (peer, id, answer, call = {}) => leaf.answerCall(peer, id, answer, call),
    async exchange(peer, message, call = {}) {
      const readable = messageFor(protocols.version(peer), message)
      const path = '/api/gossip/exchange'
      const asked = gossip(peer, path, readable, gossipMessageSchema, call)
      const { output: answer, ...signed } = await asked
      const isProven = isSender(peer, answer.peerId, signed)
      protocols.learn(peer, answer.capabilities['federation'])
      return { message: answer, isProven }
    },
    async shuffle(peer, request, call = {}) {
      const path = '/api/gossip/shuffle'
      return (await gossip(peer, path, request, shuffleResponseSchema, call)).output
    },
    async sample(peer, request, call = {}) {
      const asked = gossip(peer, '/api/gossip/sample', request, sampleAnswerSchema, call)
      const { output: answer, signedBy } = await asked
      return { answer, signedBy }
    },
    expectSigned: (peers) => signer?.expect(peers),
    expectNamed(address) {
      const name = URL.parse(address)?.hostname
      if (name !== undefined && name !== '') named.set(name, true)
    },
    identity: (peer, call = {}) =>
      protocols.negotiate(peer, () => federation.identity(peer, call), unknownHere(peer)),
    join: (peer, request, call = {}) =>
      protocols.negotiate(peer, () => federation.join(peer, request, call), unknownHere(peer)),
    leave: (peer, call = {}) =>
      protocols.negotiate(peer, () => federation.leave(peer, call), unknownHere(peer)),
    rotated: (peer, rotations, call = {}) =>
      protocols.negotiate(peer, () => federation.rotated(peer, rotations, call), unknownHere(peer)),
    members: (peer, after, call = {}) =>
      protocols.negotiate(peer, () => federation.members(peer, after, call), unknownHere(peer)),
    manifest: (peer, cid, call = {}) =>
      protocols.negotiate(
        peer,
        () => federation.manifest(peer, cid, call),
        () => legacy.manifest(peer, cid, call),
      ),
    holds: (peer, cid, call = {}) =>
      protocols
        .negotiate<boolean>(
          peer,
          () => federation.holds(peer, cid, call),
          () => legacy.holds(peer, cid, call),
        )
        .catch(falseWhereAbsent),
    blob: (peer, request, call = {}) =>
      protocols.negotiate(
        peer,
        () => federation.blob(peer, request, call),
        () => legacy.blob(peer, request, call),
      ),
    sizeOf: (peer, request, call = {}) =>
      protocols.negotiate(
        peer,
        () => federation.sizeOf(peer, request, call),
        () => legacy.sizeOf(peer, request, call),
      ),
    metrics: (peer, call = {}) => legacy.metrics(peer, call),
    best: (peer, query, call = {}) =>
      protocols.negotiate(
        peer,
        () => federation.best(peer, query, call),
        () => legacy.best(peer, query, call),
      ),
    async about(peer, request, call = {}) {
      if ((protocols.version(peer) ?? FEDERATION_VERSION) < ABOUT_SINCE) return NOTHING
      try {
        const answer = await protocols.negotiate(
          peer,
          () => federation.about(peer, request, call),
          async () => NOTHING,
        )
        if (answer !== NOTHING) protocols.learn(peer, FEDERATION_VERSION)
        return answer
      } catch (error) {
        // Federation 1 has no such route, which it says as it says that an item is absent.
        if (!isGroveError(error, 'absent')) throw error
        protocols.learn(peer, ABOUT_SINCE - 1)
        return NOTHING
      }
    },
    origins: (peer, request, call = {}) =>
      protocols.negotiate(
        peer,
        () => federation.origins(peer, request, call),
        async () => ({ origins: [], looked: 0 }),
      ),
    closure: (peer, request, call = {}) =>
      protocols.negotiate(
        peer,
        () => federation.closure(peer, readable(protocols.version(peer), request), call),
        () => legacyClosure(legacy, peer, request, call),
      ),
    checkAddress: (address) => dialler.checkAddress(address),
    close: () => dialler.close(),
  }
}

/**
 * Whether the key that an answer names as its sender has signed it. Throws `peer-fault` where
 * another has, or none, though the call was signed: a grove that has a key answers with it.
 */
function isSender(peer: PeerAddress, peerId: string, { signedBy, isCallSigned }: Signer): boolean {
  if (signedBy !== undefined && signedBy !== peerId)
    throw peerFault(peer, 'forged', `answered as ${peerId} by the key of ${signedBy}`)
  if (signedBy === undefined && isCallSigned && isKeyId(peerId))
    throw peerFault(peer, 'forged', `answered as ${peerId} without its signature`)
  return signedBy !== undefined
}

/** The version of federation since which groves are asked what they hold about contributions. */
const ABOUT_SINCE = 2
const NOTHING: AboutAnswer = { about: [], looked: 0 }

/** The answer of a peer that has no such route. */
const unknownHere = (peer: PeerAddress) => () =>
  Promise.reject(
    new GroveError('absent', { ...peer }, { message: `${peer.address} is an older grove` }),
  )

/** The request without what peers of that version refuse. */
function readable(version: number | undefined, request: ClosureRequest): ClosureRequest {
  if ((version ?? 0) >= ABOUT_SINCE) return request
  const { replies: _, ...rest } = request
  return rest
}

function falseWhereAbsent(error: unknown): false {
  const isAbsent = isGroveError(error, 'absent') || isGroveError(error, 'gone')
  // What isn't worded as a grove words it says nothing of what a grove holds.
  if (isAbsent && error.details['foreign'] !== true) return false
  throw error
}
