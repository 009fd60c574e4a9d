import type { GroveNode } from '../../node/node.ts'
import type { Clock } from '../../ports/clock.ts'
import type { GroveApi } from '../client/api.ts'
import type { SentEvent } from '../client/event-stream.ts'
import { groveOver, HttpClient } from '../client/http-client.ts'
import { localClient, sentEvents } from '../client/local-client.ts'
import { holderConnector } from './dial.ts'
import { readHolder } from './holder.ts'

/** A way to a directory's grove, for as long as the same process has it open. */
export interface GroveSession {
  /** `holder`: this process has the directory open. `guest`: another one has, and is asked. */
  readonly kind: 'holder' | 'guest'
  readonly api: GroveApi
  readonly peerId: string
  /** Where the grove listens; undefined if it doesn't, or is this process's own. */
  readonly url: string | undefined
  /** The events after a position, as a server sends them, until the signal aborts. */
  events(after: string | undefined, signal: AbortSignal): AsyncIterable<SentEvent>
  /** Makes no more calls; those under way may end. */
  retire(): Promise<void>
  /** Ends all calls. */
  close(): Promise<void>
}

/** A session with a node in this process. `close` closes the node, too. */
export function holderSession(node: GroveNode, close: () => Promise<void>): GroveSession {
  let closed: Promise<void> | undefined
  return {
    kind: 'holder',
    api: localClient(node),
    peerId: node.config.self.peerId,
    url: undefined,
    events: (after, signal) => sentEvents(node, after, signal),
    retire: async () => {},
    close() {
      closed ??= close()
      return closed
    },
  }
}

export interface VisitOptions {
  readonly dir: string
  readonly clock: Clock
  /** Draws so many bytes that nobody can guess, in hex. */
  readonly secret: (bytes: number) => string
}

/**
 * A session with the process that has the directory open. Throws `server-unreachable` if none
 * answers, `shutting-down` if it is about to close, `storage-locked` if it hangs.
 */
export async function visit(options: VisitOptions): Promise<GroveSession> {
  const http = new HttpClient('http://localhost', options.clock, {
    connect: holderConnector(options),
  })
  const api = groveOver(http, options.clock)
  try {
    const { peerId } = await api.grove({})
    const holder = await readHolder(options.dir)
    return {
      kind: 'guest',
      api,
      peerId,
      url: holder?.url,
      events: (after, signal) => http.events(after, signal),
      retire: () => http.retire(),
      close: () => api.close(),
    }
  } catch (error) {
    await api.close()
    throw error
  }
}
