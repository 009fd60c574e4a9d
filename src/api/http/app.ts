import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Precedence } from '../../concurrency/shares/precedence.ts'
import { GroveError } from '../../core/errors.ts'
import type { GroveNode } from '../../node/node.ts'
import type { NextTurn } from '../../ports/stores.ts'
import { Door, type SigningOptions } from '../admission/door.ts'
import { ApiAnswerer } from '../answer/answerer.ts'
import type { ApiRequest } from '../answer/request.ts'
import { type ApiResponse, textResponse } from '../answer/response.ts'
import type { Handler } from '../answer/routes.ts'
import { allOperations } from '../operations/table.ts'
import { openApi } from '../schema/openapi.ts'
import { AccessLog } from './access-log.ts'
import { AnswerRoom } from './answer-room.ts'
import { hostOf, type Proxies, proxiesAt, remoteOf } from './caller.ts'
import type { Connections } from './connections.ts'
import { docsPage } from './docs-page.ts'
import { cutIfEventStream, Exchange } from './exchange.ts'
import { type Metrics, metricsOf } from './metrics.ts'
import { Pipelines } from './pipelines.ts'
import { type Lane, LOCAL, Turns } from './turns.ts'

/** The HTTP side of a grove: carries requests from sockets to the answerer, and responses back. */
export interface HttpApp {
  handle(incoming: IncomingMessage, outgoing: ServerResponse): void
  /** The same for a request that came through the socket of the grove's directory. */
  handleLocal(incoming: IncomingMessage, outgoing: ServerResponse): void
  /** The answer to a request that came neither way, but on a line that this grove holds. */
  answer(request: ApiRequest & { readonly host: string }): Promise<ApiResponse>
  /** Requests under way. */
  live(): number
  /** Ends the endless streams and refuses new requests. */
  drain(): void
  /** Ends everything that is under way. */
  abort(): void
}

export interface HttpAppOptions {
  readonly nextTurn: NextTurn
  /** Who goes before others, here and in the stores. Default: nobody. */
  readonly precedence?: Precedence
  /** Whether everybody may read contributions. Default: they may not. */
  readonly anonymousRead?: boolean
  /** Proxies whose word on where requests come from is taken. Default: none. */
  readonly proxies?: Proxies
  /** The grove's key and addresses. Default: it takes no signatures. */
  readonly signing?: SigningOptions
  /** Whether a reverse proxy carries callers of other machines to it. Default: none does. */
  readonly isBehindProxy?: boolean
  /** The server's connections. Default: nobody counts them. */
  readonly connections?: Connections
  /** Names by which it may be called, besides that of its address. */
  readonly allowHosts?: readonly string[]
  /** Pages in addition to the server's own, by path. */
  readonly pages?: Readonly<Record<string, Handler>>
}

/** What is answered in one turn, however much others wait. */
const HEALTH: ReadonlySet<string> = new Set(['/healthz', '/readyz'])

/**
 * Other groves see by these that the grove lives, so that no load may hide it. Who floods it with
 * them waits like everybody.
 */
const GOSSIP: ReadonlySet<string> = new Set(['/api/gossip/exchange', '/api/gossip/shuffle'])

const EVENTS = '/api/events'

const UNREAD =
  'a trusted proxy says in X-Forwarded-For what is no IP address: its callers count as the proxy'
const PIPELINED = 'a connection was cut: too many requests waited on it for answers to others'
/** Of what can't be read, the log tells so much. */
const HOP_TOLD_CHARS = 100

export function createHttpApp(node: GroveNode, options: HttpAppOptions): HttpApp {
  const draining = new AbortController()
  const live = new Set<Exchange>()
  const metrics = metricsOf(node, AbortSignal.any([draining.signal, node.closing]))
  const answerer = new ApiAnswerer(node, {
    meter: metrics,
    draining: draining.signal,
    allowHosts: options.allowHosts ?? [],
    door: new Door({
      access: node.access,
      clock: node.clock,
      admission: node.config.admission,
      isBehindProxy: options.isBehindProxy === true,
      signing: options.signing,
      anonymousRead: options.anonymousRead === true,
      waiters: () => turns.waiters(),
    }),
    pages: { ...pages(metrics, node.config.self.address), ...options.pages },
  })
  const { connections, nextTurn } = options
  const { proxies = proxiesAt([]) } = options
  const room = new AnswerRoom({ clock: node.clock, onRoom: () => turns.wake() })
  const turns = new Turns({
    clock: node.clock,
    nextTurn,
    ...(options.precedence && { precedence: options.precedence }),
    mayBegin: (host) => room.mayBegin(host),
  })
  const enter = ({ path, signal }: ApiRequest, host: string) =>
    path === EVENTS && connections?.listensEnough(host) === true
      ? Promise.reject(new GroveError('busy', {}, { message: 'too many event streams from there' }))
      : turns.enter({ host, signal, lane: laneOf(path, host) })
  const laneOf = (path: string, host: string): Lane =>
    HEALTH.has(path) || (GOSSIP.has(path) && !turns.isResting(host)) ? 'vital' : 'ordinary'
  let isPipelineTold = false
  const pipelines = new Pipelines(({ remoteAddress }) => {
    if (!isPipelineTold) node.log.warn(PIPELINED, { from: remoteAddress })
    isPipelineTold = true
  })
  const log = new AccessLog(node.log, node.clock.now)
  let isUnreadTold = false
  const unread = (hop: string, proxy: string) => {
    if (!isUnreadTold) node.log.warn(UNREAD, { said: hop.slice(0, HOP_TOLD_CHARS), proxy })
    isUnreadTold = true
  }
  const later = async (behind: Promise<void>, request: ApiRequest, host: string) => {
    await behind
    request.signal.throwIfAborted()
    await enter(request, host)
  }
  const handle = async (incoming: IncomingMessage, outgoing: ServerResponse, isLocal: boolean) => {
    if (draining.signal.aborted && cutIfEventStream(incoming)) return
    if (pipelines.cutIfFull(incoming)) return
    const { socket } = incoming
    const from = remoteOf(incoming, proxies, unread)
    const connection = connections?.of(socket)
    const isDirect = from === socket.remoteAddress
    const caller = isDirect ? (connection?.host ?? hostOf(from)) : hostOf(from)
    const host = isLocal ? LOCAL : caller
    const behind = pipelines.behind(incoming, outgoing)
    const exchange = new Exchange(incoming, outgoing, {
      clock: node.clock,
      isLocal,
      host,
      remote: from,
      begin: (request) =>
        behind === undefined ? enter(request, host) : later(behind, request, host),
      turn: ({ path, signal }) =>
        HEALTH.has(path) ? undefined : turns.enter({ host, signal, lane: 'bulk', isWork: true }),
      beginBody: () => turns.beginBody(),
      bulkTurn: ({ signal }) => turns.enter({ host, signal, lane: 'bulk' }),
      hold: (bytes) => room.take(host, bytes, socket),
      onUse: (use) => connection && connections?.use(connection, use),
      isCrowded: () => connections?.isCrowded() === true,
    })
    live.add(exchange)
    const end = metrics.begin()
    const begun = node.clock.now()
    const answered = await answerer.answer(exchange, exchange.begin())
    const { operation, response } = answered
    let isCut = false
    try {
      await exchange.send(response, { isLast: draining.signal.aborted })
    } catch (error) {
      answerer.failed(exchange, error)
      exchange.cut()
      isCut = true
    } finally {
      if (operation !== undefined) end(operation, response.status)
      live.delete(exchange)
      log.note(exchange, { ...answered, from, isCut, ms: node.clock.now() - begun })
    }
  }
  return {
    handle: (incoming, outgoing) => void handle(incoming, outgoing, false),
    handleLocal: (incoming, outgoing) => void handle(incoming, outgoing, true),
    async answer(request) {
      return (await answerer.answer(request, enter(request, request.host))).response
    },
    live: () => live.size,
    drain: () => draining.abort(),
    abort() {
      for (const exchange of live) exchange.abort(new GroveError('shutting-down'))
    },
  }
}

/** The pages that the server has in addition to the operations. */
function pages(metrics: Metrics, address: string): Record<string, Handler> {
  const description = textResponse(200, JSON.stringify(openApi(allOperations, address)), {
    'content-type': 'application/json',
  })
  const docs = docsPage()
  const docsResponse = textResponse(200, docs.body, docs.headers)
  return {
    '/api/openapi.json': { name: 'openapi', access: 'public', answer: () => description },
    '/api/docs': { name: 'docs', access: 'public', answer: () => docsResponse },
    '/': {
      name: 'root',
      access: 'public',
      answer: () => textResponse(302, '', { location: 'api/docs' }),
    },
    '/metrics': {
      name: 'metrics',
      access: 'operate',
      async answer() {
        const { contentType, body } = await metrics.render()
        return textResponse(200, body, { 'content-type': contentType })
      },
    },
  }
}
