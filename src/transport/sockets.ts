import { Readable } from 'node:stream'
import { Agent, buildConnector, errors } from 'undici'
import type { HttpCarrier } from './dialler.ts'
import { checkHost, type Guard, guardedLookup, type LookupAll } from './guard.ts'
import type { HostMap } from './hosts.ts'
import { Lookups } from './names/lookups.ts'

/** What sockets need. Times are in ms. */
interface SocketsOptions extends Guard {
  /** Learns which IP addresses names have. */
  readonly hosts: HostMap
  /** Finds the addresses of names. Default: the system. */
  readonly lookup?: LookupAll | undefined
  /** Whether the operator gave a name. Default: none. */
  readonly isGiven?: ((name: string) => boolean) | undefined
  readonly connectTimeoutMs: number
  /** From the request to the end of the response's headers. */
  readonly headersTimeoutMs: number
  /** Between two pieces of a body. */
  readonly idleTimeoutMs: number
}

/** Answers with a status below 200 before the one that counts: each begins the time-out anew. */
const INTERIM_MAX = 2
/** Sockets to one peer, enough for its transfers, gossip and small requests. */
const CONNECTIONS_PER_PEER = 32
/** Chunks of bytes go one by one: an object mode stream would count them as 16 objects. */
const RAW = { objectMode: false }

/** Carries requests by sockets: to allowed addresses only. */
export function socketsOf(options: SocketsOptions): HttpCarrier {
  const agent = new Agent({
    connect: guardedConnector(options),
    connections: CONNECTIONS_PER_PEER,
    headersTimeout: options.headersTimeoutMs,
    bodyTimeout: options.idleTimeoutMs,
    maxHeaderSize: 32 * 1024,
    allowH2: false,
  })
  return {
    async request({ stream, ...request }) {
      let interim = 0
      const onInfo = () => {
        if (++interim > INTERIM_MAX) throw new errors.HeadersOverflowError()
      }
      const body = stream === undefined ? {} : { body: Readable.from(stream, RAW) }
      const answer = await agent.request({ ...request, ...body, onInfo })
      // A body that is destroyed unread may emit an error, which would end the process.
      answer.body.on('error', () => {})
      return answer
    },
    destroy: () => agent.destroy(),
  }
}

function guardedConnector(options: SocketsOptions): buildConnector.connector {
  const lookups = new Lookups(options)
  const connect = buildConnector({
    timeout: options.connectTimeoutMs,
    allowH2: false,
    lookup: guardedLookup(options, options.hosts, lookups.lookUp),
  })
  return (target, callback) => {
    try {
      checkHost(target.hostname, options)
    } catch (error) {
      return callback(error as Error, null)
    }
    connect(target, (...answer) => {
      const ip = answer[1]?.remoteAddress
      if (ip !== undefined) {
        options.hosts.reached(target.hostname, ip)
        lookups.reached(target.hostname)
      }
      callback(...answer)
    })
  }
}
