import { isIP } from 'node:net'
import { isGroveError } from '../../core/errors.ts'
import { isLoopback } from '../../core/loopback.ts'
import { isLeafAddress } from '../../core/peers/leaf.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import { groveIdentitySchema } from '../../core/wire/identity.ts'
import {
  dialBackAnswerSchema,
  LEAF_CALL_MAX_BYTES,
  type LeafCall,
  leafCallSchema,
} from '../../core/wire/leaf.ts'
import type { LeafAnswer, RequestOptions } from '../../ports/transport.ts'
import { linesOf } from '../body.ts'
import type { Dialler } from '../dialler.ts'
import { peerFault } from '../faults.ts'
import { IDENTITY_MAX_BYTES } from '../federation-routes.ts'
import type { HostMap } from '../hosts.ts'
import { isPublic } from '../ip.ts'

/** Body of an answer to a leaf. */
const LEAF_REPLY_MAX_BYTES = 1_024

/** What groves that nobody can dial ask of their hubs, and hubs of them (PROTOCOL.md#leaves). */
export class LeafRoutes {
  readonly #dialler: Dialler
  readonly #hosts: HostMap

  constructor(dialler: Dialler, hosts: HostMap) {
    this.#dialler = dialler
    this.#hosts = hosts
  }

  async dialBack(
    peer: PeerAddress,
    address: string,
    { signal }: RequestOptions,
  ): Promise<boolean | undefined> {
    const call = { method: 'POST', path: '/api/federation/dial-back', json: { address } } as const
    const { reached } = await this.#dialler.askJson(
      peer,
      { ...call, maxBytes: LEAF_REPLY_MAX_BYTES, extension: true, signal },
      dialBackAnswerSchema,
    )
    return reached
  }

  /**
   * A private address means another machine on each network, so it is dialled only for who calls
   * from it: nobody has this grove look around in its network.
   */
  async reaches(
    peer: PeerAddress,
    remote: string | undefined,
    { signal }: RequestOptions,
  ): Promise<boolean | undefined> {
    const { address } = peer
    const isElsewhere = isPrivate(address) && !this.#hosts.sameHost(address, remote)
    if (isElsewhere || isLeafAddress(address) || !this.#hosts.isDialable(address)) return false
    try {
      const request = {
        method: 'GET',
        path: '/api/identity',
        maxBytes: IDENTITY_MAX_BYTES,
      } as const
      const { signedBy } = await this.#dialler.askSigned(
        peer,
        { ...request, signal },
        groveIdentitySchema,
      )
      return signedBy === peer.peerId
    } catch (error) {
      if (!isGroveError(error) || signal?.aborted === true) throw error
      return error.code === 'refused' || error.code === 'busy' ? undefined : false
    }
  }

  async line(peer: PeerAddress, { signal }: RequestOptions): Promise<AsyncIterable<LeafCall>> {
    const call = { method: 'POST', path: '/api/federation/leaf', json: {} } as const
    const answer = await this.#dialler.ask(peer, {
      ...call,
      maxBytes: Number.MAX_SAFE_INTEGER,
      extension: true,
      isEndless: true,
      signal,
    })
    return callsIn(peer, answer.body)
  }

  async answerCall(
    peer: PeerAddress,
    id: string,
    { status, headers, body }: LeafAnswer,
    { signal }: RequestOptions,
  ): Promise<void> {
    const answer = await this.#dialler.ask(peer, {
      method: 'POST',
      path: `/api/federation/leaf/${id}`,
      stream: headed(`${JSON.stringify({ status, headers })}\n`, body),
      maxBytes: LEAF_REPLY_MAX_BYTES,
      extension: true,
      signal,
    })
    answer.discard()
  }
}

async function* headed(
  head: string,
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield Buffer.from(head)
  yield* body
}

async function* callsIn(
  peer: PeerAddress,
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<LeafCall, void, undefined> {
  for await (const line of linesOf(peer, body, { maxBytes: LEAF_CALL_MAX_BYTES, of: 'a line' })) {
    if (line.byteLength === 0) continue
    const { data } = leafCallSchema.safeParse(parsed(line))
    if (data === undefined) throw peerFault(peer, 'malformed', 'sent a malformed call')
    yield data
  }
}

function parsed(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString('utf8'))
  } catch {
    return undefined
  }
}

/** Whether an address is an IP address of no public network, or this machine by its name. */
function isPrivate(address: string): boolean {
  const host = (URL.parse(address)?.hostname ?? '').replace(/^\[|\]$/g, '')
  return isLoopback(host) || (isIP(host) !== 0 && !isPublic(host))
}
