import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { errnoOf } from '../../core/errno.ts'
import { errorBody, GroveError } from '../../core/errors.ts'
import type { GroveNode } from '../../node/node.ts'
import { createHttpApp, type HttpApp } from './app.ts'

/** A caller has this long to send the headers of a request. Bodies have their own rules. */
const HEADERS_TIMEOUT_MS = 30_000
const KEEP_ALIVE_MS = 30_000
const CONNECTIONS_MAX = 4_096
/** How often a closing server looks whether its last requests are answered. */
const DRAIN_POLL_MS = 10

/** A server that has its port. Answers 503 until `serve` gives it a grove, so that a grove can know its own address before it starts. */
export interface BoundServer {
  /** Without a slash at the end. */
  readonly url: string
  readonly port: number
  serve(node: GroveNode): RunningServer
  close(): Promise<void>
}

export interface RunningServer {
  readonly url: string
  readonly port: number
  /** Takes no more requests, waits `graceMs` for those under way, then ends them. */
  close(options: { graceMs: number }): Promise<void>
}

/** Takes the port (0: any free one). Throws `port-taken`, `usage-error` where the host can't be listened on. */
export async function bind(options: { host: string; port: number }): Promise<BoundServer> {
  let listener: RequestListener = (_, outgoing) => {
    const body = JSON.stringify(
      errorBody(new GroveError('busy', {}, { message: 'the grove is starting' })),
    )
    outgoing.writeHead(503, { 'content-type': 'application/json', 'retry-after': '1' }).end(body)
  }
  const server = createServer(
    {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: 0,
      keepAliveTimeout: KEEP_ALIVE_MS,
      noDelay: true,
    },
    (incoming, outgoing) => listener(incoming, outgoing),
  )
  server.maxConnections = CONNECTIONS_MAX
  await listening(server, options)
  const { port } = server.address() as AddressInfo
  const url = `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`
  const serve = (node: GroveNode): RunningServer => {
    const app = createHttpApp(node)
    listener = app.handle
    return { url, port, close: ({ graceMs }) => closeServer(server, app, node, graceMs) }
  }
  const close = async () => {
    server.closeAllConnections()
    await closed(server)
  }
  return { url, port, serve, close }
}

function listening(server: Server, { host, port }: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => reject(listenError(cause, host, port)))
    server.listen({ host, port }, () => {
      server.removeAllListeners('error')
      resolve()
    })
  })
}

function listenError(cause: Error, host: string, port: number): GroveError {
  const errno = errnoOf(cause)
  if (errno === 'EADDRINUSE') {
    return new GroveError(
      'port-taken',
      { host, port },
      {
        cause,
        message: `port ${port} on ${host} is taken: stop what listens there, or choose another with --port`,
      },
    )
  }
  return new GroveError(
    'usage-error',
    { host, port, errno },
    { cause, message: `cannot listen on ${host}:${port}: ${cause.message}` },
  )
}

async function closeServer(
  server: Server,
  app: HttpApp,
  node: GroveNode,
  graceMs: number,
): Promise<void> {
  const ended = closed(server)
  app.drain()
  server.closeIdleConnections()
  const deadline = node.clock.now() + graceMs
  while (app.live() > 0 && node.clock.now() < deadline) await node.clock.sleep(DRAIN_POLL_MS)
  app.abort()
  while (app.live() > 0 && node.clock.now() < deadline + DRAIN_POLL_MS * 5)
    await node.clock.sleep(DRAIN_POLL_MS)
  server.closeAllConnections()
  await ended
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()))
}
