import type { IncomingMessage, ServerResponse } from 'node:http'
import { isIPv4 } from 'node:net'
import { GroveError, isGroveError } from '../../core/errors.ts'
import { isLoopback } from '../../core/loopback.ts'
import type { GroveNode } from '../../node/node.ts'
import { allOperations } from '../operations/table.ts'
import { openApi } from '../schema/openapi.ts'
import { handlerOf } from './answer.ts'
import { docsPage } from './docs-page.ts'
import { Exchange } from './exchange.ts'
import { type Metrics, metricsOf } from './metrics.ts'
import { type Handler, Routes } from './routes.ts'

/** The HTTP side of a grove, without its socket. */
export interface HttpApp {
  handle(incoming: IncomingMessage, outgoing: ServerResponse): void
  /** Requests being answered. */
  live(): number
  /** Ends the streams that have no end of their own. */
  drain(): void
  /** Ends everything that is under way. */
  abort(): void
}

/** Routes requests to the operations of the table. Logs only what is a fault of the grove itself. */
export function createHttpApp(node: GroveNode): HttpApp {
  const isLocal = isLoopback(new URL(node.config.self.address).hostname)
  const draining = new AbortController()
  const live = new Set<Exchange>()
  const metrics = metricsOf(node, AbortSignal.any([draining.signal, node.closing]))
  const routes = routesOf(node, metrics, draining.signal)
  const handle = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const exchange = new Exchange(incoming, outgoing, node.clock)
    live.add(exchange)
    let end = (_status: number) => {}
    try {
      if (isLocal) refuseOtherNames(exchange)
      refuseOtherSites(exchange)
      const { handler, params } = routes.find(incoming.method ?? 'GET', exchange.path)
      end = metrics.begin(handler.name)
      await handler.answer(exchange, params)
    } catch (error) {
      report(node, exchange, error)
    } finally {
      end(outgoing.statusCode)
      live.delete(exchange)
    }
  }
  return {
    handle: (incoming, outgoing) => void handle(incoming, outgoing),
    live: () => live.size,
    drain: () => draining.abort(),
    abort() {
      for (const exchange of live) exchange.abort(new GroveError('shutting-down'))
    },
  }
}

function routesOf(node: GroveNode, metrics: Metrics, draining: AbortSignal): Routes {
  const routes = new Routes()
  for (const operation of allOperations)
    routes.add(
      operation.http.method,
      operation.http.path,
      handlerOf(operation, { node, metrics, draining }),
    )
  for (const [path, handler] of pages(metrics)) routes.add('GET', path, handler)
  return routes
}

/** What the server says about itself. */
function pages(metrics: Metrics): [string, Handler][] {
  const specification = JSON.stringify(openApi(allOperations))
  const docs = docsPage()
  return [
    [
      '/api/openapi.json',
      {
        name: 'openapi',
        answer: (exchange) =>
          exchange.send(200, specification, { 'content-type': 'application/json' }),
      },
    ],
    [
      '/api/docs',
      { name: 'docs', answer: (exchange) => exchange.send(200, docs.body, docs.headers) },
    ],
    [
      '/metrics',
      {
        name: 'metrics',
        async answer(exchange) {
          const { contentType, body } = await metrics.render()
          exchange.send(200, body, { 'content-type': contentType })
        },
      },
    ],
  ]
}

/**
 * A grove of this machine alone is called by an address or by a name that nobody can own: `localhost`, a name without dots, or
 * one under `localhost`, `local` or `internal`. By another name comes a web page whose name was made to lead here (DNS
 * rebinding), and which its browser takes for this grove's own.
 */
function refuseOtherNames(exchange: Exchange): void {
  const host = exchange.header('host') ?? ''
  const name = URL.canParse(`http://${host}`)
    ? new URL(`http://${host}`).hostname.replace(/\.$/, '')
    : 'no.name'
  const isAddress = name.startsWith('[') || isIPv4(name)
  if (host === '' || isAddress || !name.includes('.') || /\.(localhost|local|internal)$/.test(name))
    return
  throw new GroveError(
    'refused',
    { host: host.slice(0, 200) },
    {
      message:
        'this grove is called by its address or as localhost; to be called by a name, start it with --public-url',
    },
  )
}

/** A web page of another site may not write into a grove that its visitor can reach. */
function refuseOtherSites(exchange: Exchange): void {
  const { method } = exchange.incoming
  const origin = exchange.header('origin')
  if (method === 'GET' || method === 'HEAD' || origin === undefined) return
  if (URL.canParse(origin) && new URL(origin).host === exchange.header('host')) return
  throw new GroveError(
    'refused',
    { origin: origin.slice(0, 200) },
    { message: 'requests from the pages of another site are refused' },
  )
}

function report(node: GroveNode, exchange: Exchange, error: unknown): void {
  const gone = exchange.signal.aborted && !isGroveError(exchange.signal.reason, 'shutting-down')
  const cause = exchange.signal.aborted && !isGroveError(error) ? exchange.signal.reason : error
  if (!gone && (!isGroveError(cause) || cause.kind.status === 500)) {
    node.log.error('request failed', {
      method: exchange.incoming.method,
      path: exchange.path,
      err: cause,
    })
  }
  exchange.fail(cause, headersOf(cause))
}

/** What RFC 9110 wants said beside some statuses: §15.5.6, §15.5.17, §10.2.3. */
function headersOf(error: unknown): Readonly<Record<string, string>> {
  if (!isGroveError(error)) return {}
  if (error.code === 'method-not-allowed') return { allow: String(error.details.allow) }
  if (error.code === 'range-invalid')
    return { 'content-range': `bytes */${error.details.sizeBytes}` }
  return error.kind.status === 429 || error.kind.status === 503 ? { 'retry-after': '1' } : {}
}
